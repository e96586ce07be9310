"""edgefmnist: from Fashion-MNIST to a clothes classifier on a Raspberry Pi camera."""

import os

__version__ = "0.1.0"

# The OpenBLAS inside OpenCV's wheel has been seen to wait for ever for its worker threads when a
# finished process exits (blas_thread_shutdown). Nothing here multiplies matrices with it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
