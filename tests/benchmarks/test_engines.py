"""The engines' page says what its record does, and every form of a network answers alike."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.engines import __main__ as command
from benchmarks.engines import measure, network, page
from benchmarks.engines.engines import ENGINES, LiteRT
from benchmarks.engines.network import Layer, Network
from edgefmnist.dataset import load
from edgefmnist.errors import MissingDependency
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.models import resolve
from tests.conftest import ROOT

MODERN = measure.BUILD / "modern" / "bin" / "python"


def row(engine: str, form: str, threads: int, window_us: float, agreement: float = 1.0) -> Any:
    return {
        "engine": engine, "version": "1.0", "python": "3.11.7", "form": form, "threads": threads,
        "p50_us": window_us, "p95_us": 2 * window_us, "window_us": [window_us, window_us * 1.02],
        "size_bytes": 1024, "peak_rss_bytes": 2**20, "accuracy": 0.9, "agreement": agreement,
    }  # fmt: skip


@pytest.fixture
def rows() -> list[Any]:
    """Every engine takes 200 µs; more where a test says so."""
    return [
        row(engine.name, form, threads, 200)
        for engine in ENGINES
        for form in measure.FORMS
        for threads in measure.THREADS
    ]


def replace(rows: list[Any], new: Any) -> list[Any]:
    keys = ("engine", "form", "threads")
    return [new if all(old[k] == new[k] for k in keys) else old for old in rows]


def test_who_is_clearly_faster_is_said_and_by_how_much(rows: list[Any]) -> None:
    assert page.verdict(rows).count("nobody is clearly faster") == 2
    told = page.verdict(replace(rows, row("ncnn", "int8", 2, 120))).splitlines()
    assert "nobody" in told[0]
    assert "two threads: **clearly faster than LiteRT**: ncnn takes 0.60 of its time" in told[1]
    assert page.verdict(replace(rows, row("ncnn", "float32", 1, 50))).count("nobody") == 2


def test_one_window_that_was_not_faster_is_not_clear(rows: list[Any]) -> None:
    wavering = row("ncnn", "int8", 1, 120)
    wavering["window_us"][1] = 203
    assert page.verdict(replace(rows, wavering)).count("nobody") == 2


def test_an_engine_that_computes_something_else_is_not_compared(rows: list[Any]) -> None:
    other = replace(rows, row("OpenVINO", "int8", 1, 20, agreement=0.96))
    assert "OpenVINO" not in page.verdict(other)
    (line,) = (line for line in page.table(other, "int8").splitlines() if "OpenVINO" in line)
    assert line.split(" | ")[3] == "other"


def test_fastest_first(rows: list[Any]) -> None:
    told = page.table(replace(rows, row("OpenVINO", "int8", 1, 20)), "int8").splitlines()
    assert told[2].startswith("| OpenVINO 1.0 | 20 (20-20) | 40 | 0.10 | 202 (200-204) | 400 ")
    assert len(told) == 2 + len(ENGINES)


@pytest.mark.parametrize(
    ("bare", "added", "mark"),
    [(100, 4.9, "holds"), (100, 5.1, "exceeded"), (400, 11.9, "holds"), (400, 12.1, "exceeded")],
)
def test_the_larger_of_three_percent_and_five_microseconds(
    bare: float, added: float, mark: str
) -> None:
    told = page.overhead_table([{"threads": 1, "windows": [[bare, added]] * 3}])
    assert mark in told.splitlines()[2]


def test_the_page_is_what_the_record_says(rows: list[Any], tmp_path: Path) -> None:
    told = json.loads(command.RECORDED.read_text(encoding="utf-8"))
    assert page.page(told) == (ROOT / "benchmarks" / "engines.md").read_text(encoding="utf-8")
    (tmp_path / "pictures").mkdir()
    page.write(told | {"rows": replace(rows, row("ncnn", "int8", 1, 90))}, tmp_path)
    assert "one thread: **clearly faster" in (tmp_path / "engines.md").read_text(encoding="utf-8")
    assert (tmp_path / "pictures" / "engines.png").stat().st_size > 10_000


def test_without_the_environments_it_says_how_to_make_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "BUILD", tmp_path)
    with pytest.raises(MissingDependency, match="make engines"):
        measure.pythons()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with the shipped one as `int8.tflite`."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "int8.tflite").write_bytes(resolve(None).path.read_bytes())
    return folder


def child(module: str, *words: object) -> Any:
    ran = subprocess.run(
        [sys.executable, "-m", f"benchmarks.engines.{module}", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(ran.stdout)


def test_the_worker_answers_as_the_classifier_and_is_timed(shipped: Path) -> None:
    pictures = load("test").images[:50]
    np.save(shipped / "some.npy", pictures)
    answers = child("worker", LiteRT.name, shipped, "int8", 1, shipped / "some.npy")
    assert answers == Classifier(resolve(None)).raw(pictures).argmax(axis=1).tolist()
    told = child("worker", LiteRT.name, shipped, "int8", 1, 0.01, 0.05)
    assert 0.04e9 < sum(told["latencies_ns"]) < 1e9
    assert told["size_bytes"] == resolve(None).path.stat().st_size
    assert told["version"]


def test_bare_loop_and_classifier_take_turns() -> None:
    told = child("overhead", resolve(None).path, 1, 0.1)
    assert {len(blocks) for blocks in told.values()} == {len(told["bare"])} != {0}
    assert min(ns for blocks in told.values() for block in blocks for ns in block) > 0


def test_what_is_read_of_a_model_computes_what_litert_does(shipped: Path) -> None:
    read = network.read(shipped / "int8.tflite")
    pictures = load("test").images[:20]
    steps = Classifier(resolve(None)).raw(pictures).astype(int)
    own = np.array([run(read, picture) for picture in pictures])
    assert np.abs(own - steps).max() <= 6  # LiteRT rounds sums of many channels its own way
    assert (own.argmax(axis=1) == steps.argmax(axis=1)).mean() >= 0.95


def run(read: Network, picture: np.ndarray) -> np.ndarray:
    """Steps of the output, int [10]; by real numbers that are rounded after each layer."""
    values = {read.input: picture.astype(float)[..., np.newaxis]}
    for layer in read.layers:
        result = compute(read, layer, [values[number] for number in layer.inputs])
        scale, zero_point = read.scales[layer.output]
        code = np.clip(np.round(result / scale) + zero_point, -128, 127)
        values[layer.output] = (code - zero_point) * scale
    return code.astype(int)


def compute(read: Network, layer: Layer, inputs: list[np.ndarray]) -> np.ndarray:
    first = inputs[0]
    if layer.kind in ("conv", "dense"):
        assert layer.weights is not None
        shape = (-1, *[1] * (layer.weights.ndim - 1))
        weights = layer.weights * layer.weight_scales.reshape(shape)
        bias = layer.bias * layer.weight_scales * read.scales[layer.inputs[0]][0]
    if layer.kind == "add":
        result = first + inputs[1]
    elif layer.kind == "mean":
        result = first.mean(axis=(0, 1))
    elif layer.kind == "dense":
        result = weights @ first + bias
    else:
        size, side = weights.shape[1], -(-len(first) // layer.stride)
        missing = max((side - 1) * layer.stride + size - len(first), 0)
        before = missing // 2
        padded = np.pad(first, ((before, missing - before),) * 2 + ((0, 0),))
        views = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (0, 1))
        views = views[:: layer.stride, :: layer.stride]
        result = np.einsum("yxiab,oabi->yxo", views, weights) + bias
    return np.maximum(result, 0) if layer.relu else result


@pytest.mark.slow
@pytest.mark.skipif(not MODERN.exists(), reason="needs the other engines: make engines")
def test_every_engine_answers_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_CALIBRATION", 100)
    models = command._convert(ROOT / "benchmarks" / "models" / "quick" / "model.keras")
    test = load("test")
    few = type(test)(images=test.images[:400], labels=test.labels[:400])
    windows = measure.Windows(count=1, window_s=0.05, warmup_s=0.0)
    told = measure.measure(models, few, windows, lambda done, total: None)
    assert len(told["rows"]) == len(ENGINES) * 4
    for one in told["rows"]:
        assert one["agreement"] >= (0.97 if one["form"] == "int8" else 0.9999), one
