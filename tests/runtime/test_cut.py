"""A model cut off after an operator computes what the whole one has at that place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgefmnist.errors import MissingDependency
from edgefmnist.runtime import cut, interpreter
from edgefmnist.runtime.graph import read_graph

pytest.importorskip("ai_edge_litert")


def test_parts_end_as_the_whole_does(small_model: Path) -> None:
    parts = cut.prefixes(small_model)
    operators = read_graph(small_model).operators
    assert len(parts) == len(operators)
    built = [interpreter.provider()[0](model_content=part) for part in parts]
    picture = np.random.default_rng(0).integers(-128, 128, (1, 28, 28, 1)).astype(np.int8)
    seen: dict[int, np.ndarray] = {}
    for number, part in enumerate(built):
        part.allocate_tensors()
        part.set_tensor(part.get_input_details()[0]["index"], picture)
        part.invoke()
        outputs = {int(one["index"]) for one in part.get_output_details()}
        assert operators[number].outputs[0] in outputs
        for index in outputs:  # a tensor is the same in whatever part it comes out
            value = part.get_tensor(index)
            assert (seen.setdefault(index, value) == value).all()
    whole = interpreter.build(small_model, threads=1, batch=1)
    whole.set_tensor(whole.get_input_details()[0]["index"], picture)
    whole.invoke()
    output = whole.get_output_details()[0]["index"]
    assert (whole.get_tensor(output) == seen[operators[-1].outputs[0]]).all()


def test_a_runtime_that_cannot_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ai_edge_litert.tools", None)
    with pytest.raises(MissingDependency, match="brings no tool for that"):
        cut.check()
