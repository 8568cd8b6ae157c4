"""Incidents replayed: stages without a future, decisions, and how they hold up against a key."""

from opinion_lab.training.exercise import (
    Exercise as Exercise,
    Package as Package,
    hours as hours,
    read as read,
)
