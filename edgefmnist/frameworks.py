"""The one door to Keras and TensorFlow, which a device does not have.

Only `training` and `quantization` come through here, so that every other stage runs without them.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from edgefmnist.errors import MissingDependency, UsageError
from edgefmnist.quiet import silenced_stderr

INSTALL = "pip install 'edgefmnist[train]'"


def require_keras() -> ModuleType:
    """Import Keras on its chosen backend (``KERAS_BACKEND``, by default TensorFlow), quietly.

    Raises: MissingDependency where Keras or its backend is not installed.
    """
    return _import("keras", "Training")


def require_tensorflow() -> ModuleType:
    """Import TensorFlow, the only one that can write ``.tflite`` files, quietly.

    Raises: MissingDependency where it is not installed.
    """
    # Keras reads this once: models of any backend are converted on this one.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    return _import("tensorflow", "Reading a .keras model or converting one")


def _import(name: str, purpose: str) -> ModuleType:
    # Read when TensorFlow loads: no log chatter, and the same sums in the same order.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")
    # By default only on CPUs with 8-bit dot products; one with AVX2 alone trains faster by it too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        with silenced_stderr():
            return importlib.import_module(name)
    except ImportError as error:
        missing = (error.name or name).partition(".")[0]
        mend = f"pip install {missing}" if missing in ("jax", "torch") else INSTALL
        raise MissingDependency(f"{purpose} needs {missing}, not installed: {mend}") from error
    except ValueError as error:  # how Keras refuses a backend
        backend = os.environ.get("KERAS_BACKEND", "")
        raise UsageError(
            f"KERAS_BACKEND={backend} is no backend of Keras: use tensorflow, jax or torch"
        ) from error
