"""Every engine, form and thread count, their windows taking turns, each in a fresh process."""

from __future__ import annotations

import dataclasses
import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.engines.engines import ENGINES, Engine, TFLiteRuntime
from edgefmnist.dataset import Samples
from edgefmnist.environment import Watch
from edgefmnist.errors import EdgeFmnistError, MissingDependency
from edgefmnist.runtime.models import resolve

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "engines"
FORMS = ("float32", "int8")
THREADS = (1, 2)
_BASE = "edge"
_WORKER = "benchmarks.engines.worker"

OnProgress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How many timed stretches of each, their length, and the untimed one before each."""

    count: int = 5
    window_s: float = 0.6
    warmup_s: float = 0.2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One engine with one form at one thread count; microseconds from picture to scores.

    window_us: median of each window, in order; windows of the same number were neighbours in time.
    p50_us, p95_us: of all inferences. accuracy: 0..1, on the test images. agreement: share of them
    answered as LiteRT answers in float32.
    """

    engine: str
    version: str
    python: str
    form: str
    threads: int
    p50_us: float
    p95_us: float
    window_us: tuple[float, ...]
    size_bytes: int
    peak_rss_bytes: int
    accuracy: float
    agreement: float


def pythons() -> dict[type[Engine], Path]:
    """The Python that each engine runs in. Raises: MissingDependency where one is missing."""
    found = {
        engine: BUILD / ("legacy" if engine is TFLiteRuntime else "modern") / "bin" / "python"
        for engine in ENGINES
    }
    for python in found.values():
        if not python.exists():
            raise MissingDependency(f"no environment {python.parent.parent}: make engines")
    return found


def write_forms(models: Path) -> None:
    """Write the forms of other engines beside the two `.tflite` in `models`."""
    python = BUILD / "modern" / "bin" / "python"
    _child("the forms of other engines", python, "benchmarks.engines.forms", models)


def measure(
    models: Path, test: Samples, windows: Windows, on_progress: OnProgress
) -> dict[str, Any]:
    """Answer all test images with every engine, then time them all.

    models: folder with each engine's forms. Returns: what `recorded.json` holds.
    """
    ways = [(engine, form) for form in FORMS for engine in ENGINES]
    total = len(ways) * (1 + windows.count * len(THREADS)) + windows.count * len(THREADS)
    steps = itertools.count(1)
    watch = Watch()

    def step() -> None:
        watch.sample()
        on_progress(next(steps), total)

    answers = {way: _answers(*way, models, test.images, step) for way in ways}
    base = answers[ENGINES[0], "float32"]
    rows, overhead = [], []
    for threads in THREADS:
        taken: list[list[dict[str, Any]]] = [[] for _ in ways]
        own: list[tuple[float, float]] = []
        for _ in range(windows.count):
            for way, mine in zip(ways, taken, strict=True):
                mine.append(_window(*way, models, threads, windows))
                step()
            own.append(_overhead(threads, 2 * windows.window_s))
            step()
        overhead.append({"threads": threads, "windows": own})
        for way, mine in zip(ways, taken, strict=True):
            answered = answers[way]
            scores = float(np.mean(answered == test.labels)), float(np.mean(answered == base))
            rows.append(_row(*way, threads, mine, scores))
    conditions = watch.end(max(THREADS))
    return {
        "windows": dataclasses.asdict(windows),
        "test_count": len(test.labels),
        "environment": dataclasses.asdict(conditions.before),
        "judgements": [dataclasses.asdict(one) for one in conditions.judgements],
        "rows": [dataclasses.asdict(row) for row in rows],
        "overhead": overhead,
    }


def _answers(
    engine: type[Engine],
    form: str,
    models: Path,
    images: npt.NDArray[np.uint8],
    step: Callable[[], None],
) -> npt.NDArray[Any]:
    """The class that an engine answers for each of `images`, int [n]."""
    pictures = models / "pictures.npy"
    np.save(pictures, images)
    told = _child(engine.name, pythons()[engine], _WORKER, engine.name, models, form, 1, pictures)
    step()
    return np.array(told)


def _window(
    engine: type[Engine], form: str, models: Path, threads: int, windows: Windows
) -> dict[str, Any]:
    """What a fresh process said of itself and measured."""
    times = windows.warmup_s, windows.window_s
    words = (engine.name, models, form, threads, *times)
    told: dict[str, Any] = _child(engine.name, pythons()[engine], _WORKER, *words)
    return told


def _row(
    engine: type[Engine],
    form: str,
    threads: int,
    taken: list[dict[str, Any]],
    scores: tuple[float, float],
) -> Row:
    latencies = [np.array(one["latencies_ns"]) / 1000 for one in taken]
    p50, p95 = np.percentile(np.concatenate(latencies), (50, 95))
    return Row(
        engine=engine.name,
        version=taken[0]["version"],
        python=taken[0]["python"],
        form=form,
        threads=threads,
        p50_us=round(float(p50), 2),
        p95_us=round(float(p95), 2),
        window_us=tuple(round(float(np.median(one)), 2) for one in latencies),
        size_bytes=taken[0]["size_bytes"],
        peak_rss_bytes=max(one["peak_rss_bytes"] for one in taken),
        accuracy=scores[0],
        agreement=scores[1],
    )


def _overhead(threads: int, seconds: float) -> tuple[float, float]:
    """Of the shipped bundle: microseconds of the bare loop, and what ours takes beyond.

    Medians over blocks; the second is of the differences between a block and its neighbour.
    """
    words = (resolve(_BASE).path, threads, seconds)
    told = _child("the Classifier", Path(sys.executable), "benchmarks.engines.overhead", *words)
    bare, ours = (np.median(np.array(told[way]), axis=1) / 1000 for way in ("bare", "ours"))
    return round(float(np.median(bare)), 2), round(float(np.median(ours - bare)), 2)


def _child(what: str, python: Path, module: str, *words: object) -> Any:
    """The answer of a child process. Raises: EdgeFmnistError when it ends without one."""
    ran = subprocess.run(
        [str(python), "-m", module, *map(str, words)], cwd=ROOT, capture_output=True, text=True
    )
    if ran.returncode:
        lines = ran.stderr.strip().splitlines() or [f"exit {ran.returncode}"]
        raise EdgeFmnistError(f"{what} cannot be measured in {python}: {lines[-1]}")
    return json.loads(ran.stdout or "null")
