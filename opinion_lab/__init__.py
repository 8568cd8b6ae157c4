"""Public posts in, findings and records out: the workbench of a market-regulation bureau."""

__version__ = "0.1.0"
