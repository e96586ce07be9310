"""A network as ncnn's `.param` (text) and `.bin` (weights).

Format: "param and model file structure" in ncnn's documentation; numbers of options as in
`src/layer/convolution.cpp` and `innerproduct.cpp`. ncnn's int8 is symmetric, so the ranges of the
`.tflite` are mirrored: an activation after a ReLU keeps seven bits of its eight. Only convolutions
and dense layers compute in int8; between a convolution and the next one the result stays int8.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.engines.network import Array, Layer, Network
from edgefmnist import files

_MAGIC = "7767517"
_SAME_UPPER = -233
_INT8_TAG, _FLOAT_TAG = 0x000D4B38, 0
_LARGEST = 127


def write(network: Network, folder: Path, name: str) -> None:
    """Write `NAME.param` and `NAME.bin`. Blob "picture" is [1, 28, 28], "scores" is [10]."""
    form = _Form(network)
    for layer in network.layers:
        form.add(layer)
    blobs = {name for line in form.lines for name in line[2]}
    text = [_MAGIC, f"{len(form.lines)} {len(blobs)}"]
    for number, (kind, inputs, outputs, options) in enumerate(form.lines):
        names = " ".join((*inputs, *outputs))
        text.append(f"{kind} {number} {len(inputs)} {len(outputs)} {names} {options}".rstrip())
    files.write_text(folder / f"{name}.param", "\n".join(text) + "\n")
    (folder / f"{name}.bin").write_bytes(bytes(form.data))


class _Form:
    """Lines (kind, inputs, outputs, options) and weights so far.

    A blob may be used once: what has two users goes through a Split, and user number n of tensor t
    finds it as "t.n".
    """

    def __init__(self, network: Network) -> None:
        self.lines: list[tuple[str, list[str], list[str], str]] = []
        self.data = bytearray()
        self._network = network
        self._taken: dict[int, int] = {}
        self.lines.append(("Input", [], ["picture"], "0=28 1=28 2=1"))

    def add(self, layer: Layer) -> None:
        """Add one layer."""
        inputs = [self._take(number) for number in layer.inputs]
        output = "scores" if layer.output == self._network.output else str(layer.output)
        if layer.kind == "add":
            summed = f"{output}.sum" if layer.relu else output
            self.lines.append(("BinaryOp", inputs, [summed], "0=0"))
            if layer.relu:
                self.lines.append(("ReLU", [summed], [output], ""))
        elif layer.kind == "mean":
            self.lines.append(("Pooling", inputs, [output], "0=1 4=1"))
        else:
            self._weighted(layer, inputs, output)
        users = len(self._network.users(layer.output))
        if users > 1:
            copies = [f"{output}.{number}" for number in range(users)]
            self.lines.append(("Split", [output], copies, ""))

    def _take(self, number: int) -> str:
        if number == self._network.input:
            return "picture"
        if len(self._network.users(number)) == 1:
            return str(number)
        self._taken[number] = self._taken.get(number, -1) + 1
        return f"{number}.{self._taken[number]}"

    def _weighted(self, layer: Layer, inputs: list[str], output: str) -> None:
        assert layer.weights is not None
        assert layer.bias is not None
        options = {0: len(layer.weights), 9: int(layer.relu)}
        if layer.kind == "conv":
            options |= {1: layer.weights.shape[1], 3: layer.stride, 4: _SAME_UPPER, 5: 1}
            options |= {6: layer.weights.size}
            weights = layer.weights.transpose(0, 3, 1, 2)
        else:
            options |= {1: 1, 2: layer.weights.size}
            weights = layer.weights
        if layer.weight_scales is None:
            self._put(np.uint32(_FLOAT_TAG), weights, layer.bias)
        else:
            source = layer.inputs[0]
            bias = layer.bias * layer.weight_scales * self._network.scales[source][0]
            kept = np.zeros(-(-weights.size // 4) * 4, np.int8)  # in whole words
            kept[: weights.size] = weights.ravel()
            scales = [1 / layer.weight_scales, np.array(self._scale(source))]
            users = self._network.users(layer.output)
            requantized = layer.kind == "conv" and [user.kind for user in users] == ["conv"]
            if requantized:
                scales.append(np.array(self._scale(layer.output)))
            options[8] = 101 if requantized else 1
            floats = [part.astype(np.float32) for part in (bias, *scales)]
            self._put(np.uint32(_INT8_TAG), kept, *floats)
        kind = "Convolution" if layer.kind == "conv" else "InnerProduct"
        told = " ".join(f"{key}={value}" for key, value in sorted(options.items()))
        self.lines.append((kind, inputs, [output], told))

    def _scale(self, number: int) -> float:
        """What an activation is multiplied by: 127 over its largest magnitude."""
        scale, zero_point = self._network.scales[number]
        return _LARGEST / (scale * max(128 + zero_point, 127 - zero_point))

    def _put(self, *values: Array | np.uint32) -> None:
        for value in values:
            self.data += np.ascontiguousarray(value).tobytes()
