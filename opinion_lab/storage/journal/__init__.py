"""What people did, written down: lines are only added."""
