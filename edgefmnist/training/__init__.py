"""Training: recipes of Keras networks, fitted on GPU or CPU and resumable to the last bit."""
