"""Where in a model the time goes, operator by operator.

LiteRT has such a profile in C++, its Python package offers none. So the model is cut off after each
operator (`edgefmnist.runtime.cut`), all parts are timed in turns, and an operator's time is that of
the part that ends with it less that of the part before: real times of the runtime as it is used,
with its delegate, at the price of noise. Their sum is the whole model's time.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import numpy as np

from edgefmnist.bench.child import output_of
from edgefmnist.errors import BadModel
from edgefmnist.runtime import cut
from edgefmnist.runtime.graph import Graph, Operator, read_graph
from edgefmnist.runtime.model_file import ModelFile

ROUNDS = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTime:
    """One operator's part of an inference.

    output: name of the tensor it makes; shape: that tensor's.
    us: median over the rounds; quartiles_us: the middle half of them. Under zero, or quartiles on
        both sides of it: too little to be told from noise. share: of the whole model's time.
    """

    name: str
    output: str
    shape: tuple[int, ...]
    us: float
    quartiles_us: tuple[float, float]
    share: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """All operators of a model in order. total_us: the whole model, conversion not included."""

    model: str
    threads: int
    rounds: int
    total_us: float
    operators: tuple[OperatorTime, ...]


def profile(
    model: ModelFile, threads: int, on_progress: Callable[[int, int], None] | None = None
) -> Profile:
    """Time the model's operators in a process of their own.

    on_progress: called with rounds done and rounds in all.
    Raises: BadModel, MissingDependency where the runtime cannot cut models.
    """
    cut.check()
    graph = read_graph(model.path, model.content)
    rounds = np.array(_rounds(model, threads, on_progress or (lambda done, total: None)))
    if rounds.shape != (ROUNDS, len(graph.operators)):
        raise BadModel(f"{model.path} cannot be cut into its operators")
    steps = np.diff(rounds, axis=1, prepend=0.0)
    total_us = float(np.median(rounds[:, -1]))
    return Profile(
        model=model.name,
        threads=threads,
        rounds=ROUNDS,
        total_us=round(total_us, 2),
        operators=tuple(
            _time(graph, operator, steps[:, index], total_us)
            for index, operator in enumerate(graph.operators)
        ),
    )


def _rounds(
    model: ModelFile, threads: int, report: Callable[[int, int], None]
) -> list[list[float]]:
    """Microseconds of each part, a list for each round."""
    rounds: list[list[float]] = []
    words = (model.path, threads, ROUNDS)
    with output_of("edgefmnist.bench.profile_worker", *words) as lines:
        for line in lines:
            rounds.append(json.loads(line))
            report(len(rounds), ROUNDS)
    return rounds


def _time(
    graph: Graph,
    operator: Operator,
    steps: np.ndarray[tuple[int], np.dtype[np.float64]],
    total_us: float,
) -> OperatorTime:
    low, middle, high = (float(value) for value in np.percentile(steps, (25, 50, 75)))
    made = graph.tensors[operator.outputs[0]]
    return OperatorTime(
        name=operator.name,
        output=made.name,
        shape=made.shape,
        us=round(middle, 2),
        quartiles_us=(round(low, 2), round(high, 2)),
        share=round(middle / total_us, 4),
    )
