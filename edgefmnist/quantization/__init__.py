"""Quantization: Keras to TensorFlow Lite, what it cost, and a bundle if it cost little enough."""
