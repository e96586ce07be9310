"""Pictures as a camera would deliver them, out of Fashion-MNIST's or a few real ones.

Training shows them to the network, quantization sets the unknown score by them. `camera_like`
changes a garment as exposure, cloth, the way it lies and the search for its outline would;
`outlier` draws what is none of the ten classes; `retaken` changes what was made of a real photo,
less, as another photo of the same thing would be. All end as `edgefmnist.preprocess` does: longest
side 28, a hard outline, a ground of exactly 0.

One picture at a time with OpenCV, because nearly every step differs from picture to picture.
"""

from edgefmnist.augment.erasing import erased
from edgefmnist.augment.garments import camera_like
from edgefmnist.augment.outliers import outlier
from edgefmnist.augment.photos import retaken

__all__ = ["camera_like", "erased", "outlier", "retaken"]
