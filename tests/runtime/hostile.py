"""Models that do harm to whoever runs them, each for a bundle whose checksum is right."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgefmnist.runtime.models import shipped


def changed(change: Callable[[Any], None]) -> bytes:
    """`tiny` with its first subgraph changed."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model(str(shipped()["tiny"] / "model.tflite"))
    change(model.subgraphs[0])
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def crashing() -> bytes:
    """The sum of an addition has a scale that LiteRT aborts at."""

    def change(graph: Any) -> None:
        addition = next(
            one for one in graph.operators if type(one.builtinOptions).__name__ == "AddOptionsT"
        )
        graph.tensors[addition.outputs[0]].quantization.scale = [1e-30]

    return changed(change)


def badly_named() -> bytes:
    """Names of tensors are no UTF-8."""

    def change(graph: Any) -> None:
        for tensor in graph.tensors:
            tensor.name = b"\xff\xfe\x1b[31m"

    return changed(change)


def converted(compute: Callable[[Any], Any]) -> bytes:
    """A float model that gives ten zeros, plus 0 times what `compute` makes of the picture."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, 28, 28, 1), tf.float32)])
    def model(picture: Any) -> Any:
        return tf.zeros((1, 10)) + compute(picture)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([model.get_concrete_function()])
    made: bytes = converter.convert()
    return made


def endless() -> bytes:
    """A loop that every picture fulfills the condition of."""
    import tensorflow as tf

    def compute(picture: Any) -> Any:
        start = tf.reduce_sum(picture)
        return tf.while_loop(lambda x: x >= 0.0, lambda x: (tf.abs(x) * 0.5,), [start])[0]

    return converted(compute)


def huge() -> bytes:
    """A tensor of 12 GB between two operators."""
    import tensorflow as tf

    return converted(lambda picture: tf.reduce_sum(tf.tile(picture, (1, 2000, 2000, 1))))


def bundle_of(model: bytes, folder: Path) -> Path:
    """A bundle at `folder` with `model` in it and all else of `tiny`."""
    shutil.copytree(shipped()["tiny"], folder)
    (folder / "model.tflite").write_bytes(model)
    record = json.loads((folder / "model.json").read_text())
    record["sha256"] = hashlib.sha256(model).hexdigest()
    (folder / "model.json").write_text(json.dumps(record))
    return folder
