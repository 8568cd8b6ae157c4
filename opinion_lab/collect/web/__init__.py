"""The one client, what it may reach, and the process in which what strangers wrote is read."""
