"""What to do about what was found, in words that can be typed."""

from __future__ import annotations

import re

PYTHON = "make the environment with another Python: python3.13 -m venv edgefmnist-env"
GLIBC = "use a system with glibc 2.27 or newer, such as Raspberry Pi OS Bookworm"
NUMPY = "pip install --force-reinstall numpy"
NUMPY_1 = "pip install 'numpy<2' 'opencv-python-headless<4.10'"
REINSTALL = "install edgefmnist again: pip install --force-reinstall --no-deps edgefmnist"
VERIFY = "edgefmnist verify shows by how much; then install runtime or edgefmnist again"
LEGACY_OPENCV = "'opencv-python-headless<4.10'"  # the last built for NumPy 1
OPENCV = (
    "pip uninstall -y opencv-python opencv-contrib-python opencv-python-headless && "
    "pip install opencv-python-headless"
)
_NUMPY_TROUBLE = re.compile(r"_ARRAY_API|multiarray|compiled using NumPy|numpy\.core", re.I)


def for_opencv(trouble: str, numpy_version: str) -> str:
    """How to get an OpenCV that imports, by what its import said."""
    if re.search(r"No module named '?cv2", trouble):
        old = numpy_version.startswith("1.")
        return f"pip install {LEGACY_OPENCV if old else 'opencv-python-headless'}"
    if _NUMPY_TROUBLE.search(trouble):
        if numpy_version.startswith("1."):
            return f"pip install {LEGACY_OPENCV}"
        return "pip install --force-reinstall 'opencv-python-headless>=4.12'"
    # libGL.so.1, libxcb.so.1 and their like: of the build with windows, which a board has not.
    return OPENCV


def for_runtime(trouble: str) -> str:
    """How to get a runtime that imports, by what its import said."""
    if "tflite-runtime" in trouble and _NUMPY_TROUBLE.search(trouble):
        return NUMPY_1
    package = "tflite-runtime==2.14.0" if "tflite-runtime" in trouble else "ai-edge-litert"
    return f"pip install --force-reinstall --no-deps {package}"
