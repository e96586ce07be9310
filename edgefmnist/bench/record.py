"""A measurement as a versioned JSON document, raw samples included, and reading one back.

Schema 1: `format`, `schema`, `made` (UTC), `edgefmnist`, `command`, `method`, `environment` (the
machine before, with `after`, `run` and `judgements`), `models` (one for each model and thread
count, its `windows` with their `latencies_ns`), `camera` (the stages of its path, or null),
`operators` (of each model, where --profile asked for them).
"""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import io
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgefmnist import __version__, files, json_text
from edgefmnist.bench.profile import Profile
from edgefmnist.bench.records import BenchResult, BenchRow, Nanoseconds, Window
from edgefmnist.errors import BadInput, one_line

FORMAT, SCHEMA = "edgefmnist-bench", 1
_GZIP = ".gz"
_MOST_BYTES = 256_000_000
"""Of a record, packed or not: some ten rows of the shortest latencies take that."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SavedRow:
    """One model at one thread count, as an earlier run had it. windows: latencies of each."""

    model: str
    sha256: str
    threads: int
    runtime: str
    windows: tuple[Nanoseconds, ...] = dataclasses.field(compare=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What is needed of an earlier run to hold another against it.

    machine: board or CPU, architecture and cores. problems: of its judgements, those.
    """

    path: Path
    made: str
    machine: str
    problems: tuple[str, ...]
    rows: tuple[SavedRow, ...]


def document(
    result: BenchResult,
    camera: Mapping[str, Any] | None,
    profiles: Sequence[Profile] = (),
    *,
    samples: bool,
) -> dict[str, Any]:
    """The run as what JSON can hold. samples: with every single latency."""
    config, conditions = result.config, result.conditions
    environment = dataclasses.asdict(conditions.before) | {
        "after": dataclasses.asdict(conditions.after),
        "run": dataclasses.asdict(conditions.run),
        "judgements": [dataclasses.asdict(one) for one in conditions.judgements],
    }
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "made": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "edgefmnist": __version__,
        "command": ["edgefmnist", *sys.argv[1:]],
        "method": {
            "windows": config.windows,
            "window_s": config.window_s,
            "warmup_s": config.warmup_s,
            "process": "a fresh one for each window; models take turns",
            "stream": "single, one picture at a time",
        },
        "environment": environment,
        "models": [_row(row, samples) for row in result.rows],
        "camera": camera,
        "operators": [dataclasses.asdict(one) for one in profiles],
    }


def save(
    path: Path,
    result: BenchResult,
    camera: Mapping[str, Any] | None,
    profiles: Sequence[Profile] = (),
) -> None:
    """Write the whole run to `path`, gzipped where its name ends in .gz. Raises: CannotWrite."""
    told = document(result, camera, profiles, samples=True)
    data = (json_text.dumps(told, compact=True) + "\n").encode()
    with files.replacing(path) as scratch:
        scratch.write_bytes(gzip.compress(data, 6) if path.suffix == _GZIP else data)


def _row(row: BenchRow, samples: bool) -> dict[str, Any]:
    told = {
        field.name: getattr(row, field.name)
        for field in dataclasses.fields(row)
        if field.name != "windows"
    }
    return told | {
        "path": str(row.path),
        "inferences": sum(len(window.latencies_ns) for window in row.windows),
        "window_p50_us": row.window_p50_us,
        "windows": [_window(window, samples) for window in row.windows],
    }


def _window(window: Window, samples: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "inferences": len(window.latencies_ns),
        "cold_start_ms": dataclasses.asdict(window.cold_start),
        "peak_rss_bytes": window.peak_rss_bytes,
        "steady_rss_bytes": window.steady_rss_bytes,
        "loaded_bytes": window.loaded_bytes,
    }
    if samples:
        told["latencies_ns"] = window.latencies_ns.tolist()
    return told


def load(path: Path) -> Saved:
    """Read the record of an earlier run.

    Raises: BadInput when it cannot be read, is damaged, no such record or of another schema.
    """
    try:
        data = files.read_bytes(path, _MOST_BYTES)
        if path.suffix == _GZIP:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                data = file.read(_MOST_BYTES + 1)
            if len(data) > _MOST_BYTES:
                raise ValueError(f"it unpacks to more than {_MOST_BYTES // 1_000_000} MB")
        told: Any = json_text.loads(data)
    except gzip.BadGzipFile as error:
        raise BadInput(f"{path} is no gzip file: name one that bench --out wrote") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, EOFError, zlib.error) as error:
        raise BadInput(f"{path} is damaged ({error}): measure anew with bench --out") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise BadInput(f"{path} is no record of a measurement: name one that bench --out wrote")
    if told.get("schema") != SCHEMA:
        raise BadInput(
            f"{path} has schema {told.get('schema')!r}, this program reads {SCHEMA}: "
            "measure anew with bench --out"
        )
    try:
        return _saved(path, told)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        message = f"{path} is damaged ({error!r}): measure anew with bench --out"
        raise BadInput(message) from error


def _saved(path: Path, told: dict[str, Any]) -> Saved:
    environment = told["environment"]
    judgements = environment["judgements"]
    rows = tuple(
        SavedRow(
            model=_text(row["model"]),
            sha256=_text(row["sha256"]),
            threads=int(row["threads"]),
            runtime=_text(row["runtime"]),
            windows=tuple(_latencies(window["latencies_ns"]) for window in row["windows"]),
        )
        for row in told["models"]
    )
    return Saved(
        path=path,
        made=_text(told["made"]),
        machine=machine(environment),
        problems=tuple(_text(one["what"]) for one in judgements if one["level"] == "problem"),
        rows=rows,
    )


def machine(environment: Mapping[str, Any]) -> str:
    """What an `Environment`, as a mapping, is told apart by: board or CPU, its kind, its cores."""
    name = _text(environment["board"]) or _text(environment["cpu"])
    return f"{name}, {_text(environment['architecture'])}, {int(environment['cores'])} cores"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return one_line(value)  # it is shown on a terminal


def _latencies(values: object) -> Nanoseconds:
    taken = np.array(values)
    if taken.ndim != 1 or not len(taken) or taken.dtype.kind != "i" or taken.min() <= 0:
        raise ValueError("a window's latencies are not nanoseconds")
    return taken.astype(np.int64)
