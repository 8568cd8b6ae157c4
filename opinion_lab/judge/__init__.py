"""Findings -> what to do."""
