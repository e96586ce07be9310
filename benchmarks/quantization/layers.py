"""The page's section on where an int8 model loses what it loses, by `edgefmnist layers`."""

from __future__ import annotations

import contextlib
from pathlib import Path

from edgefmnist.dataset import load
from edgefmnist.quantization.layers import report
from edgefmnist.quantization.records import LayersResult, QuantizeConfig, QuantizeObserver
from edgefmnist.render import layers as view
from edgefmnist.render.progress import Stages

_PICTURE = "layers.png"

_TEXT = """\
## Error of each layer

    edgefmnist layers {run} --plot {picture}

| layer | operator | SQNR, dB | accumulated, dB | saturated |
|---|---|---|---|---|
{rows}

![Signal-to-quantization-noise ratio of each operator of {name} as bars, the five worst in red, and
accumulated since the input as dots; share of values cut off]({folder}/{picture})

On {pictures:,} validation pictures, calibrated on {calibration:,}. SQNR, the signal-to-
quantization-noise ratio, is 10 log10(sum x^2 / sum (x - q)^2), x in float32, q dequantized. The
first one is of the operator alone: its int8 and its float self get the same int8 input
(TensorFlow's QuantizationDebugger). Accumulated is against the float32 model since the input.
Saturated values are those that are cut off by more than a step. The five worst are bold.

| left in float32 | same answer as float32 | gain, points | interval | size, KiB |
|---|---|---|---|---|
{kept}

On {validation:,} validation pictures; the intervals of the gain hold all at once with 95 %.
{suggestion} A layer's float output is rounded to int8 again where the next layer is not in float.
"""


def section(run: Path, pictures: Path, observer: QuantizeObserver | None = None) -> str:
    """Measure the layers of the model in the folder `run`, draw into the folder `pictures`.

    observer: of the page that this is a part of; None: it shows its own progress.
    Returns: the section as Markdown, for a page beside `pictures`.
    Raises: what `edgefmnist.quantization.layers.report` does.
    """
    with contextlib.ExitStack() as stack:
        observer = observer or stack.enter_context(Stages())
        result = report(QuantizeConfig(source=run), load("train"), observer)
    view.plot(result, pictures / _PICTURE)
    worst = {row.tensor for row in result.worst}
    rows = [
        f"| {f'**{row.layer}**' if row.tensor in worst else row.layer} | {row.op} "
        f"| {view.decibels(row.sqnr_db)} | {view.decibels(row.accumulated_sqnr_db)} "
        f"| {row.saturated:.3%} |"
        for row in result.rows
    ]
    return _TEXT.format(
        run=run.name,
        name=result.name,
        folder=pictures.name,
        picture=_PICTURE,
        rows="\n".join(rows),
        kept=_kept(result),
        pictures=result.pictures,
        calibration=result.calibration_count,
        validation=result.validation_count,
        suggestion=view.suggestion(result),
    )


def _kept(result: LayersResult) -> str:
    lines = [
        f"| none | {result.throughout.agreement:.2%} | | "
        f"| {result.throughout.size_bytes / 1024:.0f} |"
    ]
    for one in result.kept:
        low, high = one.gain_interval_pp
        lines.append(
            f"| {view.names(one)} | {one.agreement:.2%} | {one.gain_pp:+.2f} "
            f"| {low:+.2f} to {high:+.2f} | {one.size_bytes / 1024:.0f} |"
        )
    return "\n".join(lines)
