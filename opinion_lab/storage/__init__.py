"""What a lab keeps: bytes, rows, frames by day, decisions."""
