"""Holding one run against another: what a record must be, what a ratio means, when it is 3."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.bench import record
from edgefmnist.bench.compare import check, compare, gate, interval
from edgefmnist.bench.measure import measure
from edgefmnist.bench.records import BenchConfig, BenchResult
from edgefmnist.errors import BadInput, GateRefused
from edgefmnist.runtime.models import resolve
from tests.conftest import RunCli, assert_one_line


@pytest.fixture(scope="module")
def run() -> BenchResult:
    """A real run of two models, short."""
    models = (resolve("tiny"), resolve("edge"))
    return measure(BenchConfig(models=models, windows=3, window_s=0.1, warmup_s=0))


@pytest.fixture
def saved(run: BenchResult, tmp_path: Path) -> Path:
    path = tmp_path / "old.json"
    record.save(path, run, None)
    return path


def _slower(run: BenchResult, factor: float) -> BenchResult:
    """The same run with every latency taken times `factor`."""
    rows = []
    for row in run.rows:
        windows = tuple(
            dataclasses.replace(w, latencies_ns=(w.latencies_ns * factor).astype(np.int64))
            for w in row.windows
        )
        rows.append(dataclasses.replace(row, windows=windows))
    return dataclasses.replace(run, rows=tuple(rows))


def _noisy(seed: int, scale: float, spread: float, windows: int = 5) -> list[np.ndarray[Any, Any]]:
    """Windows whose medians scatter by `spread`."""
    random = np.random.default_rng(seed)
    return [
        (random.normal(1, 0.01, 500) * scale * random.normal(1, spread) * 1e5).astype(np.int64)
        for _ in range(windows)
    ]


def test_a_record_is_read_back_as_it_was(run: BenchResult, saved: Path) -> None:
    old = record.load(saved)
    assert [(row.model, row.sha256) for row in old.rows] == [(r.model, r.sha256) for r in run.rows]
    for old_row, row in zip(old.rows, run.rows, strict=True):
        for taken, window in zip(old_row.windows, row.windows, strict=True):
            assert (taken == window.latencies_ns).all()


def test_a_gzipped_record_is_the_same(run: BenchResult, saved: Path, tmp_path: Path) -> None:
    packed = tmp_path / "old.json.gz"
    record.save(packed, run, None)
    assert packed.stat().st_size < saved.stat().st_size / 2
    plain, unpacked = (
        json.loads(saved.read_text()),
        json.loads(gzip.decompress(packed.read_bytes())),
    )
    assert plain["models"] == unpacked["models"]
    assert record.load(packed).rows == record.load(saved).rows


def test_against_itself_nothing_changed(run: BenchResult, saved: Path) -> None:
    found = compare(record.load(saved), run)
    assert [one.model for one in found.changes] == ["tiny", "edge"]
    for one in found.changes:
        assert one.ratio == 1
        assert one.interval[0] <= 1 <= one.interval[1]
        assert not one.model_changed
    assert found.notes == found.missing == ()
    gate(found, 0)


def test_a_slower_run_is_refused_and_named(run: BenchResult, saved: Path) -> None:
    found = compare(record.load(saved), _slower(run, 100))
    for one in found.changes:
        assert one.ratio == pytest.approx(100, rel=0.001)
        assert one.interval[0] < 100 < one.interval[1]
    with pytest.raises(GateRefused, match=r"tiny at 1 thread takes 100.* as long"):
        gate(found, 10)
    gate(found, 1e6)
    gate(compare(record.load(saved), _slower(run, 0.01)), 0)


def test_noise_widens_the_interval_and_does_not_cry_wolf() -> None:
    quiet = interval(_noisy(1, 1, 0.001), _noisy(2, 1.2, 0.001))
    noisy = interval(_noisy(1, 1, 0.2), _noisy(2, 1.2, 0.2))
    assert 1.19 < quiet[0] < 1.2 < quiet[1] < 1.21
    assert noisy[0] < 1 < noisy[1]


@pytest.mark.parametrize("spread", [0.01, 0.2])
def test_the_interval_holds_the_truth_and_seldom_cries_wolf(spread: float) -> None:
    """Over 200 pairs of runs; nominal are 95 % held, and 2.5 % above where nothing changed."""
    held = alarms = 0
    for seed in range(200):
        old = _noisy(2 * seed, 1, spread)
        low, high = interval(old, _noisy(2 * seed + 1, 1.1, spread))
        held += low <= 1.1 <= high
        alarms += interval(old, _noisy(2 * seed + 1, 1, spread))[0] > 1
    assert held >= 185
    assert alarms <= 6


def test_few_inferences_more_or_less_do_not_narrow_it() -> None:
    """Samples of one window are not independent: taking ten times as many proves no more."""
    old, new = _noisy(1, 1, 0.05), _noisy(2, 1, 0.05)
    once = interval(old, new)
    often = interval([np.tile(w, 10) for w in old], [np.tile(w, 10) for w in new])
    assert often == pytest.approx(once, rel=1e-6)


def _changed(path: Path, **changes: object) -> Path:
    told = json.loads(path.read_text())
    for key, value in changes.items():
        where = told
        *parents, last = key.split("__")
        for parent in parents:
            where = where[int(parent) if parent.isdigit() else parent]
        where[last] = value
    path.write_text(json.dumps(told))
    return path


def test_another_file_of_the_same_name_is_said(run: BenchResult, saved: Path) -> None:
    _changed(saved, models__0__sha256="0" * 64)
    found = compare(record.load(saved), run)
    assert [one.model_changed for one in found.changes] == [True, False]


def test_the_same_file_under_another_name_is_found(run: BenchResult, saved: Path) -> None:
    _changed(saved, models__0__model="once-called-so")
    found = compare(record.load(saved), run)
    assert [(one.model, one.model_changed) for one in found.changes] == [
        *(("tiny", False), ("edge", False))
    ]


def test_what_the_earlier_run_lacks_is_said(run: BenchResult, saved: Path) -> None:
    told = json.loads(saved.read_text())
    del told["models"][1]
    saved.write_text(json.dumps(told))
    assert compare(record.load(saved), run).missing == ("edge at 1 thread",)


def test_another_machine_and_runtime_are_said(run: BenchResult, saved: Path) -> None:
    _changed(
        saved,
        environment__board="Raspberry Pi 5 Model B Rev 1.0",
        models__0__runtime="tflite-runtime 2.14.0",
    )
    notes = compare(record.load(saved), run).notes
    assert len(notes) == 2
    assert "Raspberry Pi 5" in notes[0]
    assert "compare machines" in notes[0]
    assert "tflite-runtime 2.14.0" in notes[1]


def test_problems_of_either_machine_cast_doubt(run: BenchResult, saved: Path) -> None:
    bad = {"about": "throttling", "level": "problem", "what": "throttled", "mend": "cool it"}
    _changed(saved, environment__judgements=[bad])
    doubts = compare(record.load(saved), run).doubts
    assert doubts[0] == "then, throttled"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "something"}, "no record of a measurement"),
        ({"schema": 2}, "schema 2, this program reads 1"),
        ({"schema": None}, "schema None"),
        ({"models": None}, "damaged"),
        ({"models": [{}]}, "damaged"),
        ({"environment": []}, "damaged"),
        ({"models__0__threads": "many"}, "damaged"),
        ({"models__0__sha256": 5}, "damaged"),
        ({"models__0__windows__0__latencies_ns": []}, "damaged"),
        ({"models__0__windows__0__latencies_ns": [1, -2]}, "damaged"),
        ({"models__0__windows__0__latencies_ns": [1.5, 2]}, "damaged"),
        ({"models__0__windows__0__latencies_ns": [[1], [2]]}, "damaged"),
        ({"models__0__windows__0__latencies_ns": [[1], [2, 3]]}, "damaged"),
        ({"models__0__windows__0__latencies_ns": [10**30]}, "damaged"),
        ({"models__0__windows__0__latencies_ns": ["x"]}, "damaged"),
    ],
)
def test_a_record_that_is_none_is_exit_5(
    run_cli: RunCli, saved: Path, change: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        record.load(_changed(saved, **change))


def test_control_characters_of_a_record_do_not_reach_the_terminal(saved: Path) -> None:
    assert record.load(_changed(saved, made="a\n\x1b[2Jb")).made == "a \\x1b[2Jb"


@pytest.mark.parametrize("name", ["cut.json", "cut.json.gz", "text.json", "none.json", "."])
def test_damaged_files_are_one_line(
    run_cli: RunCli, run: BenchResult, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name.startswith("cut"):
        record.save(path, run, None)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif name == "text.json":
        path.write_text("[" * 100_000)
    assert_one_line(run_cli("bench", "--quick", "--compare", path), 5, str(path))


def test_nothing_in_common_is_said_before_measuring(saved: Path) -> None:
    config = BenchConfig(models=(resolve("accurate"),), threads=(2,))
    with pytest.raises(
        BadInput, match="is accurate at 2 threads; it holds tiny at 1 thread, edge at 1 thread"
    ):
        check(record.load(saved), config)
    check(record.load(saved), BenchConfig(models=(resolve("accurate"), resolve("tiny"))))


def test_too_few_windows_to_judge(saved: Path) -> None:
    told = json.loads(saved.read_text())
    told["models"][0]["windows"] = told["models"][0]["windows"][:2]
    saved.write_text(json.dumps(told))
    with pytest.raises(BadInput, match="2 windows of tiny; a comparison takes 3"):
        check(record.load(saved), BenchConfig(models=(resolve("tiny"),)))


def test_the_command_refuses_with_3_and_still_tells(
    run_cli: RunCli, run: BenchResult, tmp_path: Path
) -> None:
    fast = tmp_path / "fast.json"
    record.save(fast, _slower(run, 0.01), None)
    words = ("--quick", "--compare", fast, "--max-regression", "20", "--json")
    result = run_cli("bench", "tiny", *words, "--out", tmp_path / "new.json")
    assert_one_line(result, 3, "tiny at 1 thread", "fast.json")
    (change,) = json.loads(result.stdout)["comparison"]["changes"]
    assert change["interval"][0] > 1.2
    assert record.load(tmp_path / "new.json").rows[0].model == "tiny"
