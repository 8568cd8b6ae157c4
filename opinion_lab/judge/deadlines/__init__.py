"""Deadlines held against what was done."""
