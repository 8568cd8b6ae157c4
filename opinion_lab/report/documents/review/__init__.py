"""A review as people read it."""

from typing import Any

from opinion_lab.report.documents.review import response, spread


def __getattr__(name: str) -> Any:
    """What either module shows: notebooks that a lab has of its own from before call it here."""
    return getattr(spread if hasattr(spread, name) else response, name)
