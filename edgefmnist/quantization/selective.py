"""Selective quantization: a model in int8 with some of its layers left in float32.

Done by TensorFlow's QuantizationDebugger (https://www.tensorflow.org/lite/performance/
quantization_debugger), which calibrates once and then quantizes as often as wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgefmnist.errors import BadModel, UsageError
from edgefmnist.quantization import convert, nodes
from edgefmnist.quantization.nodes import Node
from edgefmnist.quiet import silenced_stderr
from edgefmnist.runtime.model_file import ModelFile


class Calibrated:
    """A Keras model whose ranges were read, to be made int8 with this or that left in float.

    Input and output stay int8 whatever is left in float.
    """

    def __init__(
        self,
        model: Any,
        images: npt.NDArray[np.uint8],
        folder: Path,
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Calibrate `model` on `images` (uint8 [n, 28, 28], raw intensities).

        folder: a temporary one, for the model in int8 throughout.
        Raises: BadModel when the converter refuses; CannotWrite.
        """
        import tensorflow as tf

        debug = tf.lite.experimental
        self._options: Callable[..., Any] = debug.QuantizationDebugOptions
        with convert.saved_model(model) as saved, silenced_stderr():
            converter = convert.converter(saved, "int8", images, on_progress)
            try:
                self._debugger: Any = debug.QuantizationDebugger(
                    converter=converter, debug_options=self._options(fully_quantize=True)
                )
            except Exception as error:  # the converter raises half a dozen unrelated classes
                reason = str(error).strip().partition("\n")[0][:200]
                raise BadModel(f"the model cannot be converted to int8: {reason}") from error
        self.throughout = ModelFile(name="int8 throughout", path=folder / "throughout.tflite")
        self.throughout.path.write_bytes(self._int8())
        self.nodes: tuple[Node, ...] = nodes.read(self.throughout, model)

    def keep(self, layers: Sequence[str], path: Path) -> tuple[str, ...]:
        """Write the model to `path` with `layers`, Keras layers by name, left in float32.

        Returns: names of the outputs of the operators that are left in float.
        Raises: UsageError for a layer that the model does not have, or that has nothing to compute
        in float: pooling and reshaping hand int8 values on as they come.
        """
        tensors = nodes.tensors_of(self.nodes, layers)
        path.write_bytes(self._int8(tensors))
        left = nodes.float_outputs(ModelFile(name="kept", path=path))
        for layer in layers:
            if not left & nodes.as_float(nodes.tensors_of(self.nodes, [layer])):
                raise UsageError(
                    f"--keep-float {layer}: it only hands int8 values on and cannot be float; "
                    "name the layer before it"
                )
        return tensors

    def instrumented(self) -> bytes:
        """The int8 model in which each operator stands beside its float self, given the same input.

        Each pair ends in a NumericVerify operator, for the debugger to read.
        """
        self._set_float(())
        with silenced_stderr():
            instrumented: bytes = self._debugger.get_debug_quantized_model()
        return instrumented

    def _int8(self, tensors: Sequence[str] = ()) -> bytes:
        self._set_float(tensors)
        with silenced_stderr():
            quantized: bytes = self._debugger.get_nondebug_quantized_model()
        return quantized

    def _set_float(self, tensors: Sequence[str]) -> None:
        # Not by way of its property, whose setter builds an instrumented model each time, and
        # fails at that where every layer is to stay in float.
        self._debugger._debug_options = self._options(
            fully_quantize=True, denylisted_nodes=list(tensors)
        )
