"""edgefmnist: from Fashion-MNIST to a clothes classifier on a Raspberry Pi camera."""

__version__ = "0.1.0"
