"""The LiteRT interpreter: which package provides it, and building one for a model."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgefmnist import class_names, wheels
from edgefmnist.errors import BadModel, EdgeFmnistError, MissingDependency
from edgefmnist.quiet import silenced_stderr
from edgefmnist.runtime import bundle

_PROVIDERS = (
    ("ai_edge_litert.interpreter", wheels.LITERT),
    ("tflite_runtime.interpreter", wheels.LEGACY),
)
INPUT_SHAPE = (28, 28, 1)
_DELEGATE = "DELEGATE"


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
    had = wheels.offer_here()
    none = "" if had.package else f", and none has wheels for this machine ({had.machine})"
    raise MissingDependency(f"no TensorFlow Lite runtime{none}: {had.mend}")


def read(
    path: Path,
    threads: int = 1,
    *,
    content: bytes | None = None,
    reference: bool = False,
    keep_tensors: bool = False,
    whole: bool = True,
) -> Any:
    """An interpreter for `path` that can tell its tensors and operators, but not run.

    content: of the file, where it was read before. The interpreter never has the file itself mapped
        into its memory, where what becomes of the file would end the process.
    reference: take the plain kernels that define the format, far slower, and no delegate.
    keep_tensors: give every inner tensor memory of its own, so that it can be read after a run.
    whole: False for a part of a model, which may give anything.

    Raises: BadModel when the runtime refuses the file or it is no 28x28 classifier.
    """
    interpreter_class, _ = provider()
    if content is None:
        content = bundle.read_model(path)
    options: dict[str, Any] = {"experimental_preserve_all_tensors": keep_tensors}
    if reference:
        kernels = sys.modules[interpreter_class.__module__].OpResolverType
        options["experimental_op_resolver_type"] = kernels.BUILTIN_REF
    with _translated(path), silenced_stderr():
        interpreter = interpreter_class(model_content=content, num_threads=threads, **options)
        # Names of tensors that are not UTF-8 fail here, and not in the midst of something later.
        interpreter.get_tensor_details()
        interpreter._get_ops_details()
        if whole:
            _check_shapes(interpreter, path)
    return interpreter


def build(
    path: Path,
    threads: int,
    batch: int,
    *,
    content: bytes | None = None,
    reference: bool = False,
    keep_tensors: bool = False,
    whole: bool = True,
) -> Any:
    """An allocated interpreter for `path` whose input is [batch, 28, 28, 1].

    The batch stays 1 where the model was converted for one picture alone. Otherwise as `read`.
    """
    interpreter = read(
        path,
        threads,
        content=content,
        reference=reference,
        keep_tensors=keep_tensors,
        whole=whole,
    )
    source = interpreter.get_input_details()[0]
    with _translated(path), silenced_stderr():  # XNNPACK announces itself on stderr
        if batch != 1 and source["shape_signature"][0] == -1:
            shape = (batch, *INPUT_SHAPE)
            interpreter.resize_tensor_input(source["index"], shape)
        interpreter.allocate_tensors()
    return interpreter


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """The runtime's bindings raise many kinds at a damaged model, MemoryError among them."""
    try:
        yield
    except EdgeFmnistError:
        raise
    except Exception as error:
        reason = str(error) or f"{type(error).__name__}, perhaps for want of memory"
        raise BadModel(f"{path} is not a model that this runtime can load: {reason}") from error


def operators(built: Any) -> list[dict[str, Any]]:
    """The operators of an interpreter's model in its order, delegates left out."""
    return [one for one in built._get_ops_details() if one["op_name"] != _DELEGATE]


def delegate(built: Any) -> str:
    """Name of the delegate that computes the model or parts of it; "none" for built-in kernels.

    XNNPACK is the only delegate that either runtime takes by itself. Where it took operators, a
    node of its own stands among them (ai_edge_litert/interpreter.py, `_get_ops_details`).
    """
    taken = any(one["op_name"] == _DELEGATE for one in built._get_ops_details())
    return "XNNPACK" if taken else "none"


def _check_shapes(interpreter: Any, path: Path) -> None:
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    shapes = [tuple(int(n) for n in detail["shape"]) for detail in (*inputs, *outputs)]
    fewest, most = class_names.FEWEST, class_names.MOST
    possible = [[(1, *INPUT_SHAPE), (1, count)] for count in range(fewest, most + 1)]
    if len(inputs) != 1 or len(outputs) != 1 or shapes not in possible:
        raise BadModel(
            f"{path} takes {shapes[: len(inputs)]} and gives {shapes[len(inputs) :]}; a model here "
            f"takes one {(1, *INPUT_SHAPE)} picture and gives (1, {fewest} to {most}) scores"
        )
