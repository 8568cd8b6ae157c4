"""Findings -> something a person reads."""
