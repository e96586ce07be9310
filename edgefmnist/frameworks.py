"""The one door to Keras and TensorFlow, which a device does not have.

Only `training`, `quantization` and `finetuning` come through here, so that every other stage runs
without them.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from edgefmnist.errors import MissingDependency, UsageError
from edgefmnist.quiet import silenced_stderr

_MOST_BYTES = 512 << 20
_MOST_JSON_BYTES = 16 << 20
_MOST_MEMORY_BYTES = 4 << 30
_MOST_PARTS = 10_000
"""Of a `.keras`; that of `accurate` takes 2.5 MB, its checkpoint with the optimizer 7 MB."""

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


def load_keras_file(path: Path, **options: Any) -> Any:
    """Load a `.keras` model with Keras, within limits of size and memory.

    A `.keras` is a zip archive, which may unpack to any size, and its settings may describe layers
    of any size. Keras reads no more of an archive's part than its header says it holds.

    options: of `keras.saving.load_model`.
    Raises: ValueError where it is no such archive or too large; whatever Keras raises.
    """
    import keras

    if not zipfile.is_zipfile(path):
        raise ValueError("it is no zip archive")
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_BYTES:
        raise ValueError(f"it unpacks to more than {_MOST_BYTES >> 20} MB")
    if any(part.file_size > _MOST_JSON_BYTES for part in parts if part.filename.endswith(".json")):
        raise ValueError(f"its settings take more than {_MOST_JSON_BYTES >> 20} MB")
    with silenced_stderr(), _memory_within(_MOST_MEMORY_BYTES):
        return keras.saving.load_model(path, **options)


@contextlib.contextmanager
def _memory_within(most_bytes: int) -> Iterator[None]:
    """Let this process take at most so much more address space for the length of the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        yield
        return
    most = pages * resource.getpagesize() + most_bytes
    set_ones = [one for one in (soft, hard) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([most, *set_ones]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


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
