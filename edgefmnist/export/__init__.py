"""Models as sources for firmware."""
