"""The page's section on number formats, by `edgefmnist quantize --all`."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from benchmarks.quantization.tables import table
from edgefmnist.cli.timing import time_models
from edgefmnist.dataset import load
from edgefmnist.errors import GateRefused
from edgefmnist.quantization.records import (
    Goal,
    QuantizeConfig,
    QuantizeObserver,
    VariantsResult,
)
from edgefmnist.quantization.selection import choose
from edgefmnist.quantization.variants import quantize_all
from edgefmnist.render import variants as view
from edgefmnist.render.bench.tables import machine_text

_PICTURE = "quantization_variants.png"

_TEXT = """\
## Number formats

    edgefmnist quantize {run} --all --latency --plot variants.png

![Accuracy with the interval of the drop, size and latency of each number
format]({folder}/{picture})

{rows}

Agreement is the share of pictures with the same answer as float32. Latency is the median of
{windows} windows of one picture at a time on one thread, each window a fresh process, formats in
turns; its range is the fastest and the slowest window. Which format is fastest is a matter of the
processor; this is {machine}, with {runtime}.
{doubts}

What `--select` would choose, with `--max-drop {max_drop:g}`, and why:

{goals}
"""


def section(run: Path, pictures: Path, observer: QuantizeObserver) -> str:
    """Measure all variants of the model in the folder `run`, draw into the folder `pictures`.

    Returns: the section as Markdown, for a page beside `pictures`.
    Raises: what `quantize_all` does.
    """
    config = QuantizeConfig(source=run)
    result = quantize_all(config, None, load("train"), load("test"), time_models, observer)
    view.plot(result, pictures / _PICTURE)
    doubts = [
        f"- {one.level}: {one.what}"
        for one in result.conditions.judgements
        if one.level in ("warning", "problem")
    ]
    assert result.conditions is not None  # they were timed
    goals = [(f"`{goal}`", _choice(result, goal)) for goal in get_args(Goal)]
    return _TEXT.format(
        run=run.name,
        folder=pictures.name,
        picture=_PICTURE,
        rows=_rows(result),
        windows=len(result.rows[0].windows_us),
        machine=machine_text(result.conditions),
        runtime=result.runtime,
        doubts="\n".join(["What casts doubt on these times:\n", *doubts]) if doubts else "",
        max_drop=result.max_drop_pp,
        goals=table(("goal", "choice"), goals),
    )


def _choice(result: VariantsResult, goal: Goal) -> str:
    try:
        return choose(result.rows, goal)[1]
    except GateRefused as error:  # too close to call
        return f"{error}."


def _rows(result: VariantsResult) -> str:
    heads = ("format", "KiB", "test accuracy", "drop, points", "agreement", "validation accuracy",
             "drop, points", "latency, µs", "range")  # fmt: skip
    rows = (
        (f"`{row.variant}`", f"{row.size_bytes / 1024:,.0f}", *view.scores(row.test, row.variant),
         *view.scores(row.validation, row.variant)[:2], f"{row.p50_us:,.0f}",
         f"{min(row.windows_us):,.0f} to {max(row.windows_us):,.0f}")
        for row in result.rows
    )  # fmt: skip
    return table(heads, rows)
