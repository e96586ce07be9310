"""The page, its picture and its record."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks import pages
from benchmarks.soak import judge
from benchmarks.soak.judge import Verdict
from benchmarks.soak.run import Run
from edgefmnist import files

PICTURE = "pictures/soak.png"
_DPI = 90


def body(long: Run, short: Run, verdicts: Sequence[Verdict]) -> str:
    """What the page says below its heading."""
    broken = [one.what for one in verdicts if not one.held]
    head = (f"**Broken: {'; '.join(broken)}.**" if broken else "Every bound held.") + (
        f" {long.frames:,} frames of `demo` at full speed took {long.seconds / 60:.1f} minutes "
        f"({long.frames / long.seconds:.1f} frames a second), with JSON lines for every frame on "
        "stdout, a rotating log, saved frames, a page with one viewer and a scraper, and a broker "
        f"with a subscriber; then {short.frames:,} frames at {judge.FPS} a second, likewise."
    )
    rows = [(one.what, one.asked, one.found, "yes" if one.held else "**no**") for one in verdicts]
    return "\n\n".join(
        (
            head,
            pages.table(("what", "asked", "found", "held"), rows),
            f"![Resident memory over frames, of all processes and of each]({PICTURE})",
            "## Memory\n\nResident memory from `/proc`, MB; pages that two processes share count "
            "in both. Growth is the median of the last tenth of readings less that of the first "
            "tenth after the warm-up.\n\n" + _memory(long),
            f"## Age of a frame\n\nFrom its receipt to its answer, at {judge.FPS} frames a "
            f"second, {short.dropped:,} of them dropped unseen.\n\n" + _ages(short),
            "## What the others counted\n\n" + _received(long, short),
        )
    )


def _memory(run: Run) -> str:
    samples = judge.settled(run)
    chosen = [samples[round(at)] for at in np.linspace(0, len(samples) - 1, 6)]
    names = judge.names(samples)
    rows = [
        (
            f"{one.frames:,}",
            *(f"{one.rss_of(name) / 1e6:.1f}" for name in names),
            f"{one.rss_bytes / 1e6:.1f}",
            one.files,
            len(one.processes),
        )
        for one in chosen
    ]
    return pages.table(("frames", *names, "together", "open files", "processes"), rows)


def _ages(run: Run) -> str:
    quantiles = (50, 90, 99, 99.9, 100)
    values = np.percentile(run.ages_ms, quantiles) if run.ages_ms else [float("nan")] * 5
    heads = [f"{one:g} %, ms" if one < 100 else "oldest, ms" for one in quantiles]
    return pages.table(heads, [[f"{value:.1f}" for value in values]])


def _received(long: Run, short: Run) -> str:
    rows = [
        *(
            (what, f"{long.received[what]:,}", f"{short.received[what]:,}")
            for what in long.received
        ),
        *(
            (f"bytes below `{option}`", f"{long.written[option]:,}", f"{short.written[option]:,}")
            for option in long.written
        ),
    ]
    return pages.table(("what", "full speed", f"{judge.FPS} a second"), rows)


def plot(run: Run, path: Path) -> None:
    """Draw resident memory over frames."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    frames = [one.frames / 1000 for one in run.samples]
    for name in judge.names(run.samples):
        values = [one.rss_of(name) for one in run.samples]
        axes.plot(frames, np.array(values) / 1e6, label=name, linewidth=1)
    axes.plot(
        frames, [one.rss_bytes / 1e6 for one in run.samples], "k", label="together", linewidth=1.5
    )
    first = judge.settled(run)[0]
    limit = (first.rss_bytes + judge.GROWTH_BYTES) / 1e6
    axes.plot([first.frames / 1000, frames[-1]], [limit, limit], "r:", label="limit")
    axes.set_xlabel("frames, thousands")
    axes.set_ylabel("resident memory, MB")
    axes.set_ylim(bottom=0)
    axes.legend(loc="center right", fontsize="small")
    axes.grid(alpha=0.3)
    with files.replacing(path) as scratch:
        figure.savefig(scratch, dpi=_DPI)


def record(long: Run, short: Run, path: Path) -> None:
    """Write what was read, as JSON, packed."""
    told = {"full_speed": dataclasses.asdict(long), "realtime": dataclasses.asdict(short)}
    with files.replacing(path) as scratch:
        scratch.write_bytes(gzip.compress(json.dumps(told).encode(), mtime=0))
