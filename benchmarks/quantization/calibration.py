"""The page's section on calibration pictures, by `edgefmnist calibration`."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.quantization.tables import table
from edgefmnist.dataset import load
from edgefmnist.quantization.records import QuantizeObserver
from edgefmnist.quantization.study import StudyConfig, StudyResult, study
from edgefmnist.render import study as view

_PICTURE = "quantization_calibration.png"
_COUNTS = (10, 30, 100, 300, 1000)
_SUBSETS = 4

_TEXT = """\
## Calibration pictures

    edgefmnist calibration {run} --calibration-samples {counts} --seeds {subsets}

int8 reads the range of each activation from calibration pictures. How many does it take, and does
it matter which? For each number {subsets} subsets of the training pictures, stratified by class,
none sharing a picture with another of its size. Accuracy is on {total:,} validation pictures, where
float32 has {float_accuracy:.2%}.

![Accuracy over the number of calibration pictures, and how far the ranges of two subsets are
apart]({folder}/{picture})

{rows}

{lossless}

The last columns compare the ranges that the first two subsets give, tensor by tensor: the greatest
difference of their lower ends, their upper ends and their widths, as a share of the narrower range.
A range that is 20 % wider has steps 20 % coarser, which is 1.6 dB more rounding noise; what differs
by more is flagged. {steady}

{ranges}
"""


def section(run: Path, pictures: Path, observer: QuantizeObserver) -> str:
    """Study the calibration of the model in the folder `run`, draw into the folder `pictures`.

    Returns: the section as Markdown, for a page beside `pictures`.
    Raises: what `study` does.
    """
    config = StudyConfig(source=run, counts=_COUNTS, subsets=_SUBSETS)
    result = study(config, load("train"), observer)
    view.plot(result, pictures / _PICTURE)
    return _TEXT.format(
        run=run.name,
        counts=",".join(str(count) for count in _COUNTS),
        subsets=_SUBSETS,
        total=result.float_eval.total,
        float_accuracy=result.float_eval.accuracy,
        folder=pictures.name,
        picture=_PICTURE,
        rows=_rows(result),
        lossless=view.lossless_text(result),
        steady=view.steady_text(result),
        ranges=_ranges_table(result),
    )


def _rows(result: StudyResult) -> str:
    rows = []
    for count, pairs in result.ranges.items():
        points = [point.comparison for point in result.points if point.count == count]
        reached = [one.quantized_eval.accuracy for one in points]
        rows.append(
            (f"{count:,}", f"{statistics.mean(reached):.2%}",
             f"{min(reached):.2%} to {max(reached):.2%}",
             f"{statistics.mean(one.drop_pp for one in points):.2f}",
             f"{statistics.mean(one.agreement for one in points):.2%}",
             f"{len(result.flagged(count))} of {len(pairs)}",
             f"{max(pair.difference for pair in pairs):.0%}")
        )  # fmt: skip
    heads = ("pictures", "accuracy", "lowest to highest", "drop, points", "agreement",
             "ranges flagged", "furthest apart")  # fmt: skip
    return table(heads, rows)


def _ranges_table(result: StudyResult) -> str:
    """The ranges that are furthest apart at the most pictures."""
    most = max(result.ranges)
    worst = sorted(result.ranges[most], key=lambda pair: -pair.difference)[:5]
    rows = (
        (f"`{pair.layer}`", pair.op.lower(), f"{pair.first[0]:.3g} to {pair.first[1]:.3g}",
         f"{pair.second[0]:.3g} to {pair.second[1]:.3g}", f"{pair.difference:.0%}")
        for pair in worst
    )  # fmt: skip
    return f"Furthest apart, {most:,} pictures each:\n\n" + table(
        ("layer", "operator", "one subset", "the other", "apart"), rows
    )
