"""What people see: tables, progress and live views on a terminal. Nothing below here prints."""
