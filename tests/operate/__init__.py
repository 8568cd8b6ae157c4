"""What runs when nobody looks."""
