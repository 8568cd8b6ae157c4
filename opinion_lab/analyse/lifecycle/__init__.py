"""How a story lives: its phases, what an answer changed, where it was seen first."""
