"""How many bytes a model's activations need at least: an estimate from its graph."""

from __future__ import annotations

import dataclasses

from edgefmnist.runtime.graph import Graph

_ALIGNMENT = 64
"""Bytes; LiteRT's kDefaultTensorAlignment."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A tensor's bytes, and the first and last operator in whose turn they must be kept."""

    size: int
    first: int
    last: int

    def meets(self, other: _Span) -> bool:
        return self.first <= other.last and other.first <= self.last


def planned_arena_bytes(graph: Graph) -> int:
    """Size of the smallest arena that a greedy planner finds for the activations of one picture.

    An estimate: LiteRT's Python interpreter does not tell its arena. Weights are not in it, nor
    what kernels and delegates take for themselves (XNNPACK packs the weights anew); for those see
    `BenchRow.loaded_bytes`, which is measured.

    Source: Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference",
    Greedy by Size for Offset Calculation, as LiteRT's own planner does it: tensors in order of
    falling size, each into the lowest gap between those that live at the same time.
    """
    placed: list[tuple[int, _Span]] = []
    spans = sorted(_spans(graph), key=lambda span: (-span.size, span.first))
    for span in spans:
        offset = 0
        neighbours = ((at, other) for at, other in placed if span.meets(other))
        for at, other in sorted(neighbours, key=lambda pair: pair[0]):
            if at - offset >= span.size:
                break
            offset = max(offset, _aligned(at + other.size))
        placed.append((offset, span))
    return max((at + span.size for at, span in placed), default=0)


def _spans(graph: Graph) -> list[_Span]:
    """Lifetimes of all activations: tensors that depend on the input."""
    end = len(graph.operators)
    first: dict[int, int] = dict.fromkeys(graph.inputs, 0)
    last: dict[int, int] = dict.fromkeys(graph.inputs, 0)
    for turn, operator in enumerate(graph.operators):
        used = [index for index in operator.inputs if index in first]
        for index in used:
            last[index] = turn
        if used:  # what is made of weights alone (a float16 weight's float32) is made once
            for index in operator.outputs:
                first[index] = last[index] = turn
    for index in graph.outputs:
        last[index] = end
    return [
        _Span(size=graph.tensors[index].size_bytes, first=first[index], last=last[index])
        for index in first
    ]


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT
