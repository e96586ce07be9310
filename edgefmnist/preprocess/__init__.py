"""The one way from a camera picture to a 28x28 picture like those of Fashion-MNIST.

>>> prepared = Preprocessor().prepare(pixels_bgr)
>>> prepared.picture is None      # True where no garment stands out from its surroundings
"""

from edgefmnist.preprocess.fit import whole_scene
from edgefmnist.preprocess.pipeline import PREPROCESS_ID, Prepared, Preprocessor

__all__ = ["PREPROCESS_ID", "Prepared", "Preprocessor", "whole_scene"]
