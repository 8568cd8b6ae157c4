"""Ratios against the plain way, in the same run; never a timed test."""
