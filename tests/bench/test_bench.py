"""`edgefmnist bench` measures what it says, in processes of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgefmnist import environment
from edgefmnist.bench.measure import measure
from edgefmnist.bench.records import BenchConfig
from edgefmnist.errors import BadModel
from edgefmnist.runtime.models import ModelFile, resolve
from tests.conftest import RunCli, assert_one_line

STAGES = ("capture", "preprocess", "infer", "track", "total")


def test_the_json_contract(run_cli: RunCli, small_model: Path) -> None:
    result = run_cli("bench", "edge", small_model, "--threads", "1,2", "--json")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert [(row["model"], row["threads"]) for row in told["models"]] == [
        *(("edge", 1), ("model", 1), ("edge", 2), ("model", 2)),
    ]
    for row in told["models"]:
        assert 0 < row["p50_us"] <= row["p95_us"] <= row["p99_us"]
        assert row["mean_us"] > 0
        assert row["inferences"] > 0
        assert len(row["window_p50_us"]) == 5
        # Python, NumPy and the runtime, but nothing of the parent's.
        assert 20 * 2**20 < row["peak_rss_bytes"] < 250 * 2**20
    assert told["models"][0]["ratio"] == 1.0
    assert told["environment"]["cores"] >= 1
    camera = told["camera"]
    assert camera["model"] == "edge"
    assert (camera["width"], camera["height"], camera["frames"]) == (640, 480, 100)
    for stage in STAGES:
        assert 0 < camera[stage]["p50_us"] <= camera[stage]["p95_us"]
        assert 0 < camera[stage]["share"] <= 1


def test_the_plot_is_drawn(run_cli: RunCli, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = run_cli("bench", "--plot", tmp_path / "latency.png")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "latency.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["latency.png"]
    assert "p95" in result.stdout
    assert all(f"│ {stage} " in result.stdout for stage in STAGES)
    assert "100 frames of 640x480" in result.stdout


@pytest.mark.parametrize("threads", ["0", "two", "1,,2", ""])
def test_thread_counts_that_are_none(run_cli: RunCli, threads: str) -> None:
    assert_one_line(run_cli("bench", "--threads", threads), 2, "--threads", "1,2,4")


def test_windows_are_counted_and_interleaved() -> None:
    seen: list[tuple[int, int]] = []
    config = BenchConfig(
        models=(resolve(None),) * 2, threads=(1,), windows=3, window_s=0.02, warmup_s=0.01
    )
    result = measure(config, lambda done, total: seen.append((done, total)))
    assert seen == [(i, 6) for i in range(1, 7)]
    assert [len(row.window_p50_us) for row in result.rows] == [3, 3]
    assert all(latency > 0 for row in result.rows for latency in row.latencies_us)


def test_a_model_that_ends_its_process_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone.tflite"
    with pytest.raises(BadModel, match=r"gone\.tflite"):
        measure(BenchConfig(models=(ModelFile(name="gone", path=path),)))


def test_the_environment_is_read_from_the_system(tmp_path: Path) -> None:
    files = {
        "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
        "proc/cpuinfo": "processor\t: 0\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "2400000\n",
        "sys/class/thermal/thermal_zone0/temp": "51200\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = environment.read(tmp_path)
    assert found.board == "Raspberry Pi 5 Model B Rev 1.0"
    assert found.governor == "ondemand"
    assert found.frequency_mhz == 2400
    assert found.temperature_c == 51.2
    bare = environment.read(tmp_path / "nothing")
    assert bare.board == ""
    assert bare.frequency_mhz is None
