"""Learning from somebody's own pictures on the device: the last layer fitted again, and tested."""
