"""MODEL as every command understands it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgefmnist.runtime.model_file import ModelFile


@contextlib.contextmanager
def opened(spec: str | None) -> Iterator[ModelFile]:
    """The model that `spec` names, for the length of the block.

    A `.keras` is converted to float32 first, so that it too runs through the device's runtime.
    """
    import tempfile

    from edgefmnist.runtime.model_file import ModelFile
    from edgefmnist.runtime.models import resolve

    if spec is None or not spec.endswith(".keras") or not Path(spec).is_file():
        yield resolve(spec)
        return
    from edgefmnist.errors import UsageError
    from edgefmnist.quantization import convert

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow" and "keras" in sys.modules:  # it has one backend a process
        raise UsageError(
            f"{spec} can be converted by TensorFlow alone, and this is {backend}: "
            f"convert it first with edgefmnist quantize {spec}, and name the bundle"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{Path(spec).stem}.tflite"
        path.write_bytes(convert.convert(convert.load_keras(Path(spec)), "float32"))
        yield ModelFile(name="/".join(Path(spec).parts[-2:]), path=path)
