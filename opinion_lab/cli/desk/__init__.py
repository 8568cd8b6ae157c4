"""What people decide and write about stories."""
