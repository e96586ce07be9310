"""`edgefmnist bench` measures what it says, in processes of their own."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.bench.measure import measure
from edgefmnist.bench.profile import profile
from edgefmnist.bench.records import BenchConfig, BenchResult
from edgefmnist.camera.stages import measure_stages
from edgefmnist.cli.bench import distinct
from edgefmnist.errors import BadModel
from edgefmnist.render import bench as view
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import resolve
from tests.conftest import RunCli, assert_one_line

STAGES = ("capture", "preprocess", "infer", "track", "total")


@dataclasses.dataclass(frozen=True)
class Quick:
    """One quick run with everything asked for: where it wrote, and its JSON."""

    folder: Path
    told: dict[str, Any]


@pytest.fixture(scope="module")
def quick(run_cli: RunCli, tmp_path_factory: pytest.TempPathFactory, small_model: Path) -> Quick:
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("bench")
    out = ("--out", folder / "run.json", "--report", folder / "deep" / "run.html")
    plot = ("--plot", folder / "run.png")
    result = run_cli("bench", "edge", small_model, "--quick", "--profile", *out, *plot, "--json")
    assert result.returncode == 0, result.stderr
    written = f"written: {folder}/run.json, {folder}/run.png, {folder}/deep/run.html"
    assert result.stderr.splitlines()[-1] == written
    return Quick(folder=folder, told=json.loads(result.stdout))


@pytest.fixture(scope="module")
def short() -> BenchResult:
    """A run of two models at two thread counts, too short to mean anything."""
    models = (resolve("edge"), resolve("tiny"))
    return measure(BenchConfig(models=models, threads=(1, 2), windows=3, window_s=0.1, warmup_s=0))


def test_the_json_contract(quick: Quick) -> None:
    told = quick.told
    assert [(row["model"], row["threads"]) for row in told["models"]] == [("edge", 1), ("model", 1)]
    for row in told["models"]:
        assert 0 < row["p50_us"] <= row["p95_us"] <= row["p99_us"]
        assert row["mean_us"] > 0
        assert row["inferences"] == sum(window["inferences"] for window in row["windows"])
        assert len(row["window_p50_us"]) == len(row["windows"]) == 5
        low, high = row["window_spread_us"]
        assert low <= row["window_us"] <= high
        # Python, NumPy and the runtime, but nothing of the parent's.
        assert 20 * 2**20 < row["steady_rss_bytes"] <= row["peak_rss_bytes"] < 250 * 2**20
        assert 0 < row["loaded_bytes"] < row["steady_rss_bytes"]
        low, high = row["cold_start_spread_ms"]
        assert 10 < low <= row["cold_start_ms"] <= high
        assert "latencies_ns" not in row["windows"][0]
    assert told["models"][0]["ratio"] == 1.0
    assert told["method"] | {"windows": 5, "window_s": 1.0} == told["method"]
    environment = told["environment"]
    assert environment["cores"] == environment["after"]["cores"] >= 1
    assert {"machine", "governor", "others"} <= {j["about"] for j in environment["judgements"]}
    camera = told["camera"]
    assert camera["model"] == "edge"
    assert (camera["width"], camera["height"], camera["frames"]) == (640, 480, 100)
    for stage in STAGES:
        assert 0 < camera[stage]["p50_us"] <= camera[stage]["p95_us"]
        assert 0 < camera[stage]["share"] <= 1


def test_files_are_written_and_nothing_beside_them(quick: Quick) -> None:
    names = sorted(path.name for path in quick.folder.rglob("*"))
    assert names == ["deep", "run.html", "run.json", "run.png"]
    assert (quick.folder / "run.png").read_bytes().startswith(b"\x89PNG")


def test_the_tables(short: BenchResult, capsys: pytest.CaptureFixture[str]) -> None:
    view.show(short, measure_stages(resolve("tiny"), frames=5), [profile(resolve("tiny"), 1)])
    told = capsys.readouterr().out
    assert all(f"│ {stage} " in told for stage in STAGES)
    assert len(re.findall(r"│ (?:edge|tiny) \(int8\) +│ +[12] │", told)) == 4
    for words in ("p95", "arena", "cold start:", "3 windows of 0.1 s", "5 frames of 640x480"):
        assert words in told
    assert "offers no profile" in told
    assert max(len(line) for line in told.splitlines()) <= 80


def test_the_record_holds_every_latency(quick: Quick) -> None:
    told = json.loads((quick.folder / "run.json").read_text())
    assert (told["format"], told["schema"]) == ("edgefmnist-bench", 1)
    assert told["command"][:2] == ["edgefmnist", "bench"]
    first, second = told["models"]
    assert first["sha256"] == second["sha256"]
    for row in told["models"]:
        taken = [np.array(window["latencies_ns"]) for window in row["windows"]]
        whole = np.concatenate(taken)
        assert len(whole) == row["inferences"] > 100
        assert whole.min() > 0
        for percent in (50, 95, 99):
            assert np.percentile(whole, percent) / 1000 == pytest.approx(
                row[f"p{percent}_us"], abs=0.01
            )
        means = sorted(float(window.mean()) / 1000 for window in taken)
        assert row["window_us"] == pytest.approx(means[2], abs=0.01)
        assert row["window_spread_us"] == pytest.approx([means[0], means[-1]], abs=0.01)
        # No window is much longer or shorter than it was to be.
        assert all(0.9e9 < window.sum() < 3e9 for window in taken)
        for window in row["windows"]:
            assert set(window["cold_start_ms"]) == {
                *("python_ms", "imports_ms", "load_ms", "answer_ms")
            }
            assert all(part > 0 for part in window["cold_start_ms"].values())


def test_operators_add_up_to_the_model(quick: Quick) -> None:
    told = json.loads((quick.folder / "run.json").read_text())
    assert told["operators"] == quick.told["operators"]
    assert [profile["model"] for profile in told["operators"]] == ["edge", "model"]
    for one in told["operators"]:
        operators = one["operators"]
        assert [operator["name"] for operator in operators].count("CONV_2D") == 11
        assert (operators[-1]["name"], operators[-1]["shape"]) == ("FULLY_CONNECTED", [1, 10])
        total = sum(operator["us"] for operator in operators)
        assert total == pytest.approx(one["total_us"], rel=0.4)  # medians do not quite add up
        for operator in operators:
            low, high = operator["quartiles_us"]
            assert low <= operator["us"] <= high


class _Page(HTMLParser):
    """What a report consists of, and whether every tag is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_whole_and_needs_nothing_else(quick: Quick) -> None:
    text = (quick.folder / "deep" / "run.html").read_text(encoding="utf-8")
    page = _Page(text)
    assert page.open == []
    tags = [tag for tag, _ in page.seen]
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert not re.search(r"https?:|url\(|@import", text)
    assert tags.count("svg") == 1 + 2  # distributions, and windows of each of two rows
    assert tags.count("polyline") == 2 + 2 * 5
    assert tags.count("polygon") == 2 * 5
    assert "prefers-color-scheme: dark" in text
    assert "edgefmnist bench edge" in text
    for number in re.findall(r'(?:points|x1|y1|x|y)="([^"]*)"', text):
        assert "nan" not in number
        assert "inf" not in number
    for attributes in (attributes for tag, attributes in page.seen if tag == "polyline"):
        points = [tuple(map(float, pair.split(","))) for pair in attributes["points"].split()]
        assert all(0 <= x <= 720 and 0 <= y <= 350 for x, y in points)
        assert [x for x, _ in points] == sorted(x for x, _ in points)


@pytest.mark.parametrize("threads", ["0", "two", "1,,2", ""])
def test_thread_counts_that_are_none(run_cli: RunCli, threads: str) -> None:
    assert_one_line(run_cli("bench", "--threads", threads), 2, "--threads", "1,2,4")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--out", "{}/run.txt"), "must end in .json"),
        (("--out", "{}/file/run.json"), "cannot write"),
        (("--out", "{}/folder.json"), "no regular file"),
        (("--report", "{}/run.pdf"), "must end in .html"),
        (("--report", "{}/file/run.html"), "cannot write"),
        (("--plot", "{}/run.jpg"), "must end in .png"),
        (("--max-regression", "5"), "needs --compare"),
        (("--max-regression", "nan", "--compare", "{}/run.json"), "give percent"),
        (("--max-regression", "-1", "--compare", "{}/run.json"), "give percent"),
        (("--max-regression", "inf", "--compare", "{}/run.json"), "give percent"),
        (("--max-regression", "much", "--compare", "{}/run.json"), "--max-regression"),
    ],
)
def test_options_are_checked_before_anything_is_measured(
    run_cli: RunCli, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()
    before = sorted(tmp_path.rglob("*"))
    # A model that is not there would be named if it came so far.
    result = run_cli("bench", "nosuch", *(word.format(tmp_path) for word in words))
    assert_one_line(result, 2, told)
    assert sorted(tmp_path.rglob("*")) == before


def test_models_of_one_name_are_told_apart(tmp_path: Path, shipped_bundle: Path) -> None:
    copy = str(shutil.copytree(shipped_bundle, tmp_path / "int8"))
    specs: list[str | None] = ["edge", copy, "tiny", copy, None]
    models = [resolve(spec) for spec in specs]
    names = [model.name for model in distinct(models, specs)]
    assert names == ["edge #1", f"{copy} #1", "tiny", f"{copy} #2", "edge #2"]
    assert [m.name for m in distinct(models[:3], specs[:3])] == ["edge", copy, "tiny"]


def test_windows_are_counted_and_interleaved() -> None:
    seen: list[tuple[int, int]] = []
    config = BenchConfig(
        models=(resolve(None),) * 2, threads=(1,), windows=2, window_s=0.02, warmup_s=0.01
    )
    result = measure(config, lambda done, total: seen.append((done, total)))
    assert seen == [(i, 4) for i in range(5)]
    assert [len(row.window_p50_us) for row in result.rows] == [2, 2]
    assert all((row.latencies_us > 0).all() for row in result.rows)


def test_a_window_shorter_than_an_inference_has_one() -> None:
    config = BenchConfig(models=(resolve(None),), windows=1, window_s=0, warmup_s=0)
    assert len(measure(config).rows[0].latencies_us) == 1


def test_a_model_that_ends_its_process_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone.tflite"
    with pytest.raises(BadModel, match=r"gone\.tflite"):
        measure(BenchConfig(models=(ModelFile(name="gone", path=path),)))


def _children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_a_window_it_leaves_no_child_and_no_file(
    tmp_path: Path, how: signal.Signals
) -> None:
    command = [sys.executable, "-m", "edgefmnist", "bench", "--out", str(tmp_path / "run.json")]
    run = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A job in the background ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    children: list[int] = []
    for _ in range(300):
        children = _children_of(run.pid)
        if children and "bench.worker" in Path(f"/proc/{children[0]}/cmdline").read_text():
            break
        time.sleep(0.05)
    time.sleep(1)  # well inside the warm-up or the window
    run.send_signal(how)
    _, told = run.communicate(timeout=20)
    assert run.returncode in (130, -how)
    assert told == ""
    assert list(tmp_path.iterdir()) == []
    for _ in range(100):  # after SIGTERM the child ends by itself when nobody reads what it writes
        if not any(Path(f"/proc/{child}").exists() for child in children):
            break
        time.sleep(0.1)
    assert not any(os.path.exists(f"/proc/{child}") for child in children)  # noqa: PTH110
