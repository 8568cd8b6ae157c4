"""Tables of any format -> lines, header and strings."""
