"""What keeps a lab going: its state, its timetable, its care."""
