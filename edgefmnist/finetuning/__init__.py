"""Learning from somebody's own pictures with all layers: for a machine with TensorFlow."""
