"""A measurement as one HTML page that needs nothing else, on screens of any size, light or dark."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from pathlib import Path

from edgefmnist import __version__, files
from edgefmnist.bench.compare import Comparison
from edgefmnist.bench.profile import Profile
from edgefmnist.bench.records import BenchResult
from edgefmnist.camera.stages import Stages
from edgefmnist.environment import Conditions
from edgefmnist.errors import UsageError
from edgefmnist.render.bench import svg
from edgefmnist.render.bench.tables import (
    MEMORY_HEADS,
    PROFILE_NOTE,
    STAGES,
    change_cells,
    first_rows,
    machine_text,
    memory_notes,
    method_text,
    model_text,
    profile_cells,
    profile_title,
    spread_text,
    stages_text,
)


def check_report(path: Path) -> None:
    """See that `write_report` will be able to write `path`.

    Raises: UsageError (not a .html), CannotWrite.
    """
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"--report {path}: the name must end in .html")
    files.check_target(path)


def write_report(
    path: Path,
    result: BenchResult,
    stages: Stages,
    profiles: Sequence[Profile],
    comparison: Comparison | None,
    command: Sequence[str],
) -> None:
    """Write the page. command: the words that repeat the run. Raises: CannotWrite."""
    style = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    body = [
        f"<h1>Latency of {escape(', '.join(dict.fromkeys(r.model for r in result.rows)))}</h1>",
        f'<p class="soft">{escape(machine_text(result.conditions))}; '
        f"{escape(result.rows[0].runtime)}; edgefmnist {__version__}; {today}</p>",
        _conditions(result.conditions),
        *_latency(result),
        *(_comparison(comparison) if comparison is not None else []),
        *_charts(result),
        *_memory(result),
        *_stages(stages),
        *_profiles(profiles),
        "<h2>To repeat it</h2>",
        f"<pre>{escape(shlex.join(command))}</pre>",
        '<p class="soft">With --out FILE.json every single latency is kept, and a later run can be '
        "held against it by --compare FILE.json.</p>",
    ]
    files.write_text(
        path,
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>edgefmnist bench</title>\n<style>\n{style}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n",
    )


def _conditions(conditions: Conditions) -> str:
    order = ("problem", "warning", "unknown", "ok")
    items = [
        f'<li><span class="level {one.level}">{one.level}</span> <span>{escape(one.what)}'
        + (f" &ndash; {escape(one.mend)}" if one.mend else "")
        + "</span>"
        for level in order
        for one in conditions.judgements
        if one.level == level
    ]
    return "<h2>Can it be trusted?</h2>\n" + _list("judged", items)


def _latency(result: BenchResult) -> list[str]:
    heads = ("model (input)", "threads", "window", "spread", "p50", "p95", "p99", "mean", "ratio")
    rows = [
        (
            model_text(row),
            str(row.threads),
            f"{row.window_us:,.0f}",
            spread_text(row.window_spread_us),
            *(f"{v:,.0f}" for v in (row.p50_us, row.p95_us, row.p99_us, row.mean_us)),
            f"{row.ratio:.2f}",
        )
        for row in result.rows
    ]
    note = (
        "window: mean time of one inference in a window, the median of all and their spread; p50, "
        "p95, p99, mean: of all single inferences; ratio: p50 against the first model's."
    )
    return [
        "<h2>Latency of one picture, in microseconds</h2>",
        _table(heads, rows),
        _soft(method_text(result.config), note),
    ]


def _comparison(comparison: Comparison) -> list[str]:
    rows = [change_cells(one) for one in comparison.changes]
    heads = ("model", "threads", "then", "now", "now/then", "95 % interval", "file")
    return [
        f"<h2>Against {escape(str(comparison.old.path))} of {escape(comparison.old.made)}</h2>",
        _table(heads, rows),
        _soft(
            "Medians of the windows' medians, in microseconds; bootstrap over whole windows.",
            *comparison.notes,
            *(f"Not to be trusted: {doubt}" for doubt in comparison.doubts),
        ),
    ]


def _charts(result: BenchResult) -> list[str]:
    legend = [
        f'<li><span class="key c{number % svg.COLORS}"></span><span>{escape(model_text(row))}, '
        f"{row.threads} {'thread' if row.threads == 1 else 'threads'}: "
        f"half within {row.p50_us:,.0f} µs, 99 % within {row.p99_us:,.0f} µs</span>"
        for number, row in enumerate(result.rows)
    ]
    parts = [
        "<h2>Share of inferences done within a time</h2>",
        svg.distributions(result.rows),
        _list("legend", legend),
        "<h2>Windows over time</h2>",
        _soft(
            "Median, and the range from the 5th to the 95th percentile, in microseconds. A slope "
            "is drift: heat, or a clock that moves."
        ),
    ]
    for number, row in enumerate(result.rows):
        parts.append(f"<h3>{escape(model_text(row))}, threads: {row.threads}</h3>")
        parts.append(svg.windows(row, number))
    return parts


def _memory(result: BenchResult) -> list[str]:
    rows = [
        (
            model_text(row),
            f"{row.size_bytes / 1024:,.0f}",
            f"{row.arena_bytes / 1024:,.0f}",
            f"{row.loaded_bytes / 2**20:,.1f}",
            f"{row.steady_rss_bytes / 2**20:,.1f}",
            f"{row.peak_rss_bytes / 2**20:,.1f}",
            f"{row.cold_start_ms:,.0f}",
            spread_text(row.cold_start_spread_ms),
        )
        for row in first_rows(result)
    ]
    return [
        "<h2>Memory and cold start</h2>",
        _table(("model (input)", *MEMORY_HEADS), rows),
        _soft(*memory_notes(result)),
    ]


def _stages(stages: Stages) -> list[str]:
    rows = []
    for name in STAGES:
        stage = getattr(stages, name)
        rows.append((name, f"{stage.p50_us:,.0f}", f"{stage.p95_us:,.0f}", f"{stage.share:.1%}"))
    return [
        "<h2>Camera path, microseconds a frame</h2>",
        _table(("stage", "p50", "p95", "share"), rows),
        _soft(stages_text(stages)),
    ]


def _profiles(profiles: Sequence[Profile]) -> list[str]:
    heads = ("operator", "output", "us", "quartiles", "share")
    parts = []
    for profile in profiles:
        parts.append(f"<h2>{escape(profile_title(profile))}</h2>")
        parts.append(_table(heads, [profile_cells(one) for one in profile.operators]))
    return [*parts, _soft(PROFILE_NOTE)] if profiles else []


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n{body}</table></div>'


def _soft(*lines: str) -> str:
    return "\n".join(f'<p class="soft">{escape(line)}</p>' for line in lines)


def _list(kind: str, items: Iterable[str]) -> str:
    return f'<ul class="plain {kind}">\n' + "\n".join(f"{item}</li>" for item in items) + "\n</ul>"
