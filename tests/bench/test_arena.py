"""The planned arena is one in which the activations fit, and hardly larger than it must be."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edgefmnist.bench.arena import planned_arena_bytes
from edgefmnist.runtime.graph import Graph, Operator, Tensor, read_graph


def _chain(sizes: list[int]) -> Graph:
    """A model of operators in a line, between tensors of these sizes, each with weights."""
    last = len(sizes) - 1
    weights = len(sizes)
    return Graph(
        operators=tuple(
            Operator(name="CONV_2D", inputs=(i, weights), outputs=(i + 1,)) for i in range(last)
        ),
        inputs=(0,),
        outputs=(last,),
        tensors={
            i: Tensor(name=str(i), shape=(size,), size_bytes=size)
            for i, size in enumerate([*sizes, 10**9])
        },
    )


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=12))
def test_a_chain_takes_its_largest_pair(sizes: list[int]) -> None:
    pair = max(a + b for a, b in itertools.pairwise(sizes))
    found = planned_arena_bytes(_chain(sizes))
    assert found >= pair
    assert found <= sum(sizes) + 64 * len(sizes)


def test_tensors_that_never_meet_share_their_place() -> None:
    assert planned_arena_bytes(_chain([640] * 9)) == 2 * 640
    assert planned_arena_bytes(_chain([64, 6400, 64, 64, 64])) == 64 + 6400


def test_a_branch_keeps_its_tensor_alive() -> None:
    graph = _chain([640, 640, 640, 640])
    operators = (*graph.operators[:2], Operator(name="ADD", inputs=(2, 0), outputs=(3,)))
    branch = Graph(operators=operators, inputs=(0,), outputs=graph.outputs, tensors=graph.tensors)
    assert planned_arena_bytes(branch) == 3 * 640


def test_the_shipped_model(small_model: Path) -> None:
    graph = read_graph(small_model)
    assert [operator.name for operator in graph.operators].count("CONV_2D") == 11
    assert graph.tensors[graph.inputs[0]].shape == (1, 28, 28, 1)
    # Three int8 tensors of 14x14x32 meet where a block's input is added to its output.
    assert planned_arena_bytes(graph) == 3 * 14 * 14 * 32
