"""A review as people read it."""
