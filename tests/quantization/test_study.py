"""The calibration study: real conversions, and what is made of their ranges."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.quantization import paired
from edgefmnist.quantization.study import RangePair, StudyPoint, StudyResult
from tests.conftest import RunCli, assert_one_line


def pair(first: tuple[float, float], second: tuple[float, float]) -> RangePair:
    return RangePair(layer="conv", op="CONV_2D", tensor="conv", first=first, second=second)


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ((0, 1), (0, 1), 0),
        ((0, 1), (0, 1.25), 0.25),  # steps coarser by a quarter
        ((-1, 2), (-2, 1), 1 / 3),  # as wide, but a third of either is cut off by the other
        ((-1, 1), (-1.5, 1.5), 0.5),
    ],
)
def test_how_far_apart_two_ranges_are(
    first: tuple[float, float], second: tuple[float, float], difference: float
) -> None:
    assert pair(first, second).difference == pytest.approx(difference)
    assert pair(second, first).difference == pytest.approx(difference)


def result(differences: dict[int, float], wrong: dict[int, int]) -> StudyResult:
    """A study of 1,000 pictures: how far apart the range is at each count, and how many it errs."""
    labels = np.arange(1_000).astype(np.uint8) % 10

    def logits(count: int) -> np.ndarray:
        return np.eye(10, dtype=np.float32)[(labels + (np.arange(1_000) < count)) % 10]

    points = tuple(
        StudyPoint(count=n, subset=0, comparison=paired.compare(logits(0), logits(k), labels))
        for n, k in wrong.items()
    )
    return StudyResult(
        name="net",
        float_eval=points[0].comparison.float_eval,
        points=points,
        ranges={n: (pair((0, 1), (0, 1 + d)),) for n, d in differences.items()},
        runtime="",
    )


def test_steady_and_lossless_hold_from_a_count_on() -> None:
    told = result({10: 0.1, 30: 0.4, 100: 0.15, 500: 0.1}, {10: 0, 30: 20, 100: 1, 500: 0})
    assert told.steady_from == 100  # steady at 10 was luck
    assert told.lossless_from == 100
    assert [len(told.flagged(count)) for count in told.ranges] == [0, 1, 0, 0]
    lossy = result({10: 0.3}, {10: 300})
    assert lossy.steady_from is None and lossy.lossless_from is None


@pytest.fixture(scope="module")
def studied(
    run_cli: RunCli, tiny_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict, Path]:
    plot = tmp_path_factory.mktemp("study") / "study.png"
    counts = ("--calibration-samples", "200,5")
    done = run_cli("calibration", tiny_run, *counts, "--seeds", "2", "--plot", plot, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), plot


def test_the_study_measures_each_subset_on_the_validation_pictures(
    studied: tuple[dict, Path], tiny_run: Path
) -> None:
    told, plot = studied
    assert [(p["count"], p["subset"]) for p in told["points"]] == [
        (5, 0),
        (5, 1),
        (200, 0),
        (200, 1),
    ]
    run = json.loads((tiny_run / "result.json").read_text())
    assert told["validation_count"] == run["validation_count"]
    for point in told["points"]:
        drop = 100 * (told["float_accuracy"] - point["accuracy"])
        assert point["drop_pp"] == pytest.approx(drop)
        low, high = point["drop_interval_pp"]
        assert low < drop < high and high - low > 0.5
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_ranges_settle_with_more_pictures(studied: tuple[dict, Path]) -> None:
    told, _ = studied
    few, many = told["ranges"]["5"], told["ranges"]["200"]
    assert [one["layer"] for one in few] == [one["layer"] for one in many]
    assert {"conv2d", "dense"} <= {one["layer"] for one in few}
    worst = [max(one["difference"] for one in pairs) for pairs in (few, many)]
    assert worst[0] > worst[1]
    for count, pairs in told["ranges"].items():
        apart = [one["layer"] for one in pairs if one["difference"] > told["unsteady_over"]]
        assert sorted(apart) == sorted(told["flagged"][count])
    # A sample of more pictures reaches at least as far, give or take which were drawn.
    wide = [sum(one["first"][1] - one["first"][0] for one in pairs) for pairs in (few, many)]
    assert wide[1] > wide[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--calibration-samples", "10,x"), ("--calibration-samples 10,x", "whole numbers")),
        (("--calibration-samples", "0,10"), ("--calibration-samples 0,10",)),
        (("--calibration-samples", "40000"), ("3 times 40000",)),
        (("--seeds", "1"), ("--seeds",)),
        (("--plot", "study.jpg"), ("--plot study.jpg", ".png")),
    ],
)
def test_senseless_options(
    run_cli: RunCli, tiny_run: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_one_line(run_cli("calibration", tiny_run, *options), 2, *words)


def test_no_run(run_cli: RunCli, tmp_path: Path) -> None:
    assert_one_line(run_cli("calibration", tmp_path / "nowhere"), 5, "nowhere", "edgefmnist train")


def test_the_report_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    from edgefmnist.render import study as view

    view.show(result({10: 0.5, 100: 0.3}, {10: 300, 100: 0}))
    text = " ".join(capsys.readouterr().out.split())
    assert "conv (conv_2d)" in text and "30%" in text and "--keep-float" in text
    assert "from 100 pictures on none is more than chance" in text
    steady = result({10: 0.5, 100: 0.1}, {10: 0, 100: 300})
    view.show(dataclasses.replace(steady, name="other"))
    text = " ".join(capsys.readouterr().out.split())
    assert "From 100 pictures on no range differs" in text
    assert "100 pictures still lose more than chance" in text
