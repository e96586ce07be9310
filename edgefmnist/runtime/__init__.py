"""Running a model on the device: the one place that knows LiteRT."""
