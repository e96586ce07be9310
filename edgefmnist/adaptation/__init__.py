"""Learning from somebody's own pictures on the device: the last layer is fitted again, and checked."""
