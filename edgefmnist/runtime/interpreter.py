"""The LiteRT interpreter: which package provides it, and building one for a model."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgefmnist.errors import BadModel, MissingDependency
from edgefmnist.quiet import silenced_stderr
from edgefmnist.records import LABELS

_PROVIDERS = (
    ("ai_edge_litert.interpreter", "ai-edge-litert"),
    ("tflite_runtime.interpreter", "tflite-runtime"),
)
INPUT_SHAPE = (28, 28, 1)


def provider() -> tuple[Any, str]:
    """The Interpreter class and "package version" of the runtime that is installed.

    Raises: MissingDependency where neither LiteRT nor tflite-runtime can be imported.
    """
    for module, package in _PROVIDERS:
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        return found.Interpreter, f"{package} {importlib.metadata.version(package)}"
    raise MissingDependency(
        "no TensorFlow Lite runtime: pip install ai-edge-litert, or on 32-bit Raspberry Pi OS "
        "with Python 3.11 or older: pip install 'tflite-runtime==2.14.0' 'numpy<2'"
    )


def build(path: Path, threads: int, batch: int, *, reference: bool = False) -> Any:
    """An allocated interpreter for `path` whose input is [batch, 28, 28, 1].

    The batch stays 1 where the model was converted for one picture alone.
    reference: run the plain kernels that define the format, far slower, and no delegate.

    Raises: BadModel when the runtime refuses the file or it is no 28x28 ten-class classifier.
    """
    interpreter_class, _ = provider()
    options: dict[str, Any] = {"model_path": str(path), "num_threads": threads}
    if reference:
        kernels = sys.modules[interpreter_class.__module__].OpResolverType
        options["experimental_op_resolver_type"] = kernels.BUILTIN_REF
    try:
        # The XNNPACK delegate announces itself on stderr.
        with silenced_stderr():
            interpreter = interpreter_class(**options)
            _check_shapes(interpreter, path)
            source = interpreter.get_input_details()[0]
            if batch != 1 and source["shape_signature"][0] == -1:
                shape = (batch, *INPUT_SHAPE)
                interpreter.resize_tensor_input(source["index"], shape)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise BadModel(f"{path} is not a model that this runtime can load: {error}") from error
    return interpreter


def float_tensors(path: Path) -> list[str]:
    """Names of the tensors of the model at `path` that hold floating-point values."""
    return [
        detail["name"]
        for detail in build(path, threads=1, batch=1).get_tensor_details()
        if np.issubdtype(detail["dtype"], np.floating)
    ]


def _check_shapes(interpreter: Any, path: Path) -> None:
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    shapes = [tuple(int(n) for n in detail["shape"]) for detail in (*inputs, *outputs)]
    wanted = [(1, *INPUT_SHAPE), (1, len(LABELS))]
    if len(inputs) != 1 or len(outputs) != 1 or shapes != wanted:
        raise BadModel(
            f"{path} takes {shapes[: len(inputs)]} and gives {shapes[len(inputs) :]}; "
            f"a model here takes one {wanted[0]} picture and gives {wanted[1]} scores"
        )
