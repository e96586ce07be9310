"""Keras to TensorFlow Lite.

By way of a SavedModel: the converter's direct door for Keras models has a record of crashes with
Keras 3 (tensorflow#63867 and its kin).
"""

from __future__ import annotations

import contextlib
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist.errors import BadModel, CannotWrite
from edgefmnist.frameworks import load_keras_file, require_tensorflow
from edgefmnist.quantization.records import Variant
from edgefmnist.quiet import silenced_stderr
from edgefmnist.records import LABELS
from edgefmnist.runtime.interpreter import INPUT_SHAPE


def load_keras(path: Path) -> Any:
    """Load a `.keras` model and check that it is a 28x28 ten-class classifier.

    Raises: BadModel, MissingDependency (no TensorFlow).
    """
    if not zipfile.is_zipfile(path):  # before TensorFlow takes its time to start
        raise BadModel(f"{path} is not a .keras file (no zip archive)")
    require_tensorflow()
    try:
        model = load_keras_file(path, compile=False)
    except Exception as error:  # Keras raises whatever its zip, JSON or HDF5 reader does
        reason = (str(error) or type(error).__name__).partition("\n")[0][:160]
        raise BadModel(f"{path} is not a Keras model that can be loaded: {reason}") from error
    if isinstance(model.compute_output_shape(model.input_shape), dict):
        raise BadModel(f"{path} gives its answer in a dictionary: let it give the tensor alone")
    shapes = (tuple(model.input_shape), tuple(model.output_shape))
    wanted = ((None, *INPUT_SHAPE), (None, len(LABELS)))
    if shapes != wanted:
        raise BadModel(
            f"{path} maps {shapes[0]} to {shapes[1]}; needed is {wanted[0]} to {wanted[1]}"
        )
    if broken := [one.path for one in model.weights if not np.isfinite(np.asarray(one)).all()]:
        raise BadModel(
            f"{path} has weights that are no finite numbers, the first in {broken[0]}: "
            "its training diverged; train again with a smaller learning rate"
        )
    return model


@contextlib.contextmanager
def saved_model(model: Any) -> Iterator[Path]:
    """A Keras model as a SavedModel in a folder of its own, for the length of the block.

    Raises: CannotWrite.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        try:
            with silenced_stderr():
                model.export(folder, format="tf_saved_model", verbose=False)
        except (OSError, tf.errors.OpError) as error:
            reason = str(error).rpartition("; ")[2].partition(" [Op")[0]
            raise CannotWrite(
                f"no SavedModel could be written to {folder}: {reason}; "
                "set TMPDIR to a folder with more room"
            ) from error
        yield Path(folder)


def convert(
    model: Any,
    variant: Variant,
    calibration: npt.NDArray[np.uint8] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> bytes:
    """Convert a Keras model to the bytes of a `.tflite`.

    calibration: the representative dataset, uint8 [n, 28, 28], raw intensities; needed by the
        integer variants.

    Raises: BadModel when the converter refuses; CannotWrite.
    """
    with saved_model(model) as folder:
        return convert_saved(folder, variant, calibration, on_progress)


def convert_saved(
    folder: Path,
    variant: Variant,
    calibration: npt.NDArray[np.uint8] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> bytes:
    """`convert` of what `saved_model` wrote to `folder`: of several variants the export is one."""
    with silenced_stderr():
        try:
            converted: bytes = converter(folder, variant, calibration, on_progress).convert()
        except Exception as error:  # the converter raises half a dozen unrelated classes
            reason = str(error).strip().partition("\n")[0][:200]
            raise BadModel(f"the model cannot be converted to {variant}: {reason}") from error
    return converted


def converter(
    folder: Path,
    variant: Variant,
    calibration: npt.NDArray[np.uint8] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Any:
    """TensorFlow's converter for what `saved_model` wrote to `folder`, set up for `variant`."""
    import tensorflow as tf

    def representative() -> Iterator[list[npt.NDArray[np.float32]]]:
        assert calibration is not None
        for done, image in enumerate(calibration, 1):
            yield [image.astype(np.float32)[np.newaxis, ..., np.newaxis]]
            if on_progress is not None:
                on_progress(done, len(calibration))

    made = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    _configure(made, variant, representative)
    return made


def _configure(
    converter: Any, variant: Variant, representative: Callable[[], Iterator[Any]]
) -> None:
    import tensorflow as tf

    if variant == "float32":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if variant == "float16":
        converter.target_spec.supported_types = [tf.float16]
    integer = {
        # Naming the integer kernels alone makes the converter fail where it would fall back.
        "int8": (tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.int8),
        "int16x8": (
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
            tf.int16,
        ),
    }
    if variant in integer:
        kernels, dtype = integer[variant]
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [kernels]
        converter.inference_input_type = converter.inference_output_type = dtype
