"""Bytes in: nothing lost, nothing twice."""
