"""What docs/reliability.md promises, tried for real: `python -m tests.reliability` writes its figures."""
