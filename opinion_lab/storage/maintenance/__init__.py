"""Care of a lab: what is set right or goes in time, and what is kept apart because nothing can make it again."""
