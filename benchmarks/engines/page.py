"""The page about the engines and its plot, from what is recorded."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks import pages
from benchmarks.engines.engines import ENGINES, LiteRT, TFLiteRuntime
from edgefmnist import files

AGREES = 0.97
"""Share of pictures an engine must answer as LiteRT does; one under it computes something else."""
CLEARLY = 0.95
"""An engine wins clearly when it took no more of LiteRT's time than this in every window."""
ALLOWED_SHARE, ALLOWED_US = 0.03, 5.0
"""What our Classifier may add to a bare loop: the larger of the two."""

_NOBODY = "nobody is clearly faster than LiteRT's Interpreter"
_HERE = Path(__file__).parent
Told = dict[str, Any]


def write(told: Told, folder: Path) -> None:
    """Write `engines.md` and `pictures/engines.png` into `folder`."""
    with files.replacing(folder / "pictures" / "engines.png") as scratch:
        figure(told["rows"]).savefig(scratch, dpi=100)
    files.write_text(folder / "engines.md", page(told))


def page(told: Told) -> str:
    """The whole page."""
    rows, machine = told["rows"], told["environment"]
    legacy = next(row for row in rows if row["engine"] == TFLiteRuntime.name)
    text = (_HERE / "page.md").read_text(encoding="utf-8")
    return text.format(
        recipe=told["recipe"],
        parameters=f"{told['parameters']:,}",
        cpu=machine["cpu"],
        cores=machine["cores"],
        system=machine["system"],
        doubts=_doubts(told["judgements"]),
        verdict=verdict(rows),
        int8=table(rows, "int8"),
        float32=table(rows, "float32"),
        count=told["windows"]["count"],
        window_s=told["windows"]["window_s"],
        test_count=f"{told['test_count']:,}",
        agrees=AGREES,
        clearly=CLEARLY,
        settings="\n".join(f"  - {engine.name}: {engine.settings}" for engine in ENGINES),
        legacy=legacy["version"],
        legacy_python=legacy["python"],
        python=next(row for row in rows if row["engine"] == LiteRT.name)["python"],
        overhead=overhead_table(told["overhead"]),
    )


def ratios(rows: list[Told], row: Told) -> list[float]:
    """Time of `row` over that of LiteRT's Interpreter, same form and threads, by window."""
    base = next(one for one in rows if one["engine"] == LiteRT.name and _way(one) == _way(row))
    return [a / b for a, b in zip(row["window_us"], base["window_us"], strict=True)]


def verdict(rows: list[Told]) -> str:
    """Who wins clearly on int8, and by how much, for each thread count."""
    lines = []
    for threads in sorted({row["threads"] for row in rows}):
        mine = [row for row in rows if _way(row) == ("int8", threads) and _compared(row)]
        found = {row["engine"]: ratios(rows, row) for row in mine if row["engine"] != LiteRT.name}
        clear = [name for name, ratio in found.items() if max(ratio) <= CLEARLY]
        clear.sort(key=lambda name: statistics.median(found[name]))
        said = [
            f"{name} takes {statistics.median(found[name]):.2f} of its time "
            f"({min(found[name]):.2f} to {max(found[name]):.2f} over the windows)"
            for name in clear
        ]
        who = f"**clearly faster than LiteRT**: {'; '.join(said)}" if said else _NOBODY
        lines.append(f"- int8, {_threads(threads)}: {who}.")
    for threads in sorted({row["threads"] for row in rows}):
        pair = [_find(rows, LiteRT.name, form, threads) for form in ("int8", "float32")]
        ratio = _median(pair[0]) / _median(pair[1])
        lines.append(f"- LiteRT's int8 takes {ratio:.2f} of its float32, {_threads(threads)}.")
    return "\n".join(lines)


def table(rows: list[Told], form: str) -> str:
    """Engines with one form, the fastest on one thread first."""
    timed = ("µs", "p95", "of LiteRT")
    heads = ["engine", *(f"{head}, {threads}" for threads in (1, 2) for head in timed)]
    heads += ["accuracy", "same", "KiB", "peak MiB"]
    lines = []
    first = [row for row in rows if _way(row) == (form, 1)]
    for row in sorted(first, key=_median):
        cells = [f"{row['engine']} {row['version']}"]
        for one in (row, _find(rows, row["engine"], form, 2)):
            low, high = min(one["window_us"]), max(one["window_us"])
            ratio = f"{statistics.median(ratios(rows, one)):.2f}" if _compared(row) else "other"
            cells += [f"{_median(one):.0f} ({low:.0f}-{high:.0f})", f"{one['p95_us']:.0f}", ratio]
        cells += [f"{row['accuracy']:.2%}", f"{row['agreement']:.2%}"]
        cells += [f"{row['size_bytes'] / 1024:.0f}", f"{row['peak_rss_bytes'] / 2**20:.0f}"]
        lines.append(cells)
    return pages.table(heads, lines)


def overhead_table(overhead: list[Told]) -> str:
    """Bare time, what ours adds, what is allowed, whether it holds."""
    lines = []
    for one in overhead:
        bare = statistics.median(bare for bare, _ in one["windows"])
        spread = [added for _, added in one["windows"]]
        added = statistics.median(spread)
        allowed = max(ALLOWED_SHARE * bare, ALLOWED_US)
        mark = "holds" if added <= allowed else "**exceeded**"
        adds = f"{added:.1f} ({min(spread):.1f} to {max(spread):.1f})"
        share = f"{100 * added / bare:.1f}"
        lines.append((one["threads"], f"{bare:.0f}", adds, share, f"{allowed:.1f}", mark))
    return pages.table(("threads", "bare, µs", "ours adds, µs", "%", "allowed, µs", ""), lines)


def figure(rows: list[Told]) -> Figure:
    """Bars of the medians, whiskers from the fastest window to the slowest."""
    drawn = Figure(figsize=(11, 4.2), layout="constrained")
    panels = drawn.subplots(1, 2, sharex=True, sharey=True)
    names = [engine.name for engine in ENGINES][::-1]
    longest = max(_median(row) for row in rows)
    for axes, form in zip(panels, ("float32", "int8"), strict=True):
        for threads, colour, shift in ((1, "tab:blue", 0.2), (2, "tab:orange", -0.2)):
            mine = [_find(rows, name, form, threads) for name in names]
            medians = [_median(row) for row in mine]
            whiskers = [
                [median - min(row["window_us"]) for median, row in zip(medians, mine, strict=True)],
                [max(row["window_us"]) - median for median, row in zip(medians, mine, strict=True)],
            ]
            at = [place + shift for place in range(len(names))]
            label = _threads(threads)
            axes.barh(at, medians, 0.38, xerr=whiskers, color=colour, label=label, capsize=2)
            for place, median, high in zip(at, medians, whiskers[1], strict=True):
                axes.annotate(
                    f"{median:.0f}",
                    (min(median + high, 1.1 * longest), place),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                )
        axes.set_yticks(range(len(names)), names)
        axes.set_title(form)
        axes.set_xlabel("µs for one picture: median, fastest and slowest window")
        axes.set_xlim(0, 1.2 * longest)  # a window that was disturbed may lie far outside
        axes.grid(axis="x", alpha=0.3)
    panels[0].legend(loc="lower right")
    return drawn


def _doubts(judgements: list[Told]) -> str:
    doubts = [one["what"] for one in judgements if one["level"] in ("warning", "problem")]
    return f"What casts doubt on absolute times: {'; '.join(doubts)}." if doubts else ""


def _find(rows: list[Told], engine: str, form: str, threads: int) -> Told:
    return next(row for row in rows if row["engine"] == engine and _way(row) == (form, threads))


def _way(row: Told) -> tuple[str, int]:
    return row["form"], row["threads"]


def _compared(row: Told) -> bool:
    return bool(row["agreement"] >= AGREES)


def _median(row: Told) -> float:
    return float(statistics.median(row["window_us"]))


def _threads(count: int) -> str:
    return {1: "one thread", 2: "two threads"}[count]
