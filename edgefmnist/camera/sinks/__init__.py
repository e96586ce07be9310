"""Places that events go to besides the terminal."""
