"""Posts -> findings."""
