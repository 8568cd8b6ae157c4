"""An incident and the response to it, in sentences."""
