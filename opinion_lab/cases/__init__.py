"""Cases: where each stands, what may be done next, when it is due; frame to frame."""
