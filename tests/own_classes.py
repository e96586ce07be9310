"""Bundles with classes of one's own, cut out of the shipped default's last layer."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgefmnist.runtime import bundle, golden
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import find

LABELS = ("Hat", "Müller's skirt", "<b>x</b>", "Bag")
"""One in ASCII, one that is not, one that a page must escape, and one of Fashion-MNIST's."""
ROWS = (1, 3, 4, 8)
"""Their outputs in the shipped model: what it calls Trouser, Dress, Coat and Bag."""


def write(out: Path, labels: Sequence[str] = LABELS, rows: Sequence[int] = ROWS) -> Path:
    """A bundle in `out` that gives the outputs `rows` of the shipped default as `labels`."""
    released = find(None)
    assert released.card is not None and released.folder is not None
    content = with_outputs(released.path, rows)
    out.mkdir()
    card = dataclasses.replace(
        released.card,
        name=out.name,
        labels=tuple(labels),
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )
    (out / bundle.MODEL).write_bytes(content)
    (out / bundle.CARD).write_text(card.to_text(), encoding="utf-8")
    (out / bundle.README).write_text("# A bundle of the tests\n", encoding="utf-8")
    model = ModelFile(
        name=out.name, path=out / bundle.MODEL, card=card, content=content, labels=card.labels
    )
    images, _ = golden.read(released)
    golden.write(out / bundle.GOLDEN, Classifier(model), images)
    return out


def with_outputs(path: Path, rows: Sequence[int]) -> bytes:
    """The model at `path`, which ends in a dense layer, with only its outputs `rows`, in order."""
    from ai_edge_litert.tools import flatbuffer_utils

    model: Any = flatbuffer_utils.read_model(str(path))
    graph = model.subgraphs[0]
    last = graph.operators[-1]
    _, weights, bias = (graph.tensors[index] for index in last.inputs)
    output, count = graph.tensors[last.outputs[0]], len(rows)
    for tensor, dtype in ((weights, np.int8), (bias, np.int32)):
        stored = model.buffers[tensor.buffer]
        values = np.frombuffer(bytes(stored.data), dtype).reshape(tensor.shape)
        stored.data = np.frombuffer(values[list(rows)].tobytes(), np.uint8)
        tensor.shape = np.array([count, *tensor.shape[1:]], np.int32)
        tensor.quantization.scale = tensor.quantization.scale[list(rows)]
        tensor.quantization.zeroPoint = tensor.quantization.zeroPoint[list(rows)]
    output.shape = np.array([1, count], np.int32)
    output.shapeSignature = np.array([-1, count], np.int32)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
