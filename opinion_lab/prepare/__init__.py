"""Rows -> posts fit for analysis; each step says what it dropped and why."""
