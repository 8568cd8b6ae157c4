"""What a bureau never runs: the generator of the invented county."""
