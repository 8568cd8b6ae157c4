"""The frames of one day: its stories and alerts, its work orders, and what may have been overlooked."""
