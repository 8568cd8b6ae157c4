"""Bytes in, rows as given out; no I/O."""
