"""Parts that the tests of outputs share: events, a disk that is full, a camera run to watch."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.camera.events import CameraEvent, State, Status
from edgefmnist.records import ModelInUse, Prediction

EDGE = ModelInUse(name="edge")
WAIT_S = 60.0  # a generous upper bound on anything that is waited for


def event(
    announced: str | None = "Bag",
    *,
    frame: int = 0,
    changed: bool = False,
    score: float = 0.95,
    known: float = 0.9,
    unknown: bool = False,
    garment: bool = True,
    model: ModelInUse = EDGE,
) -> CameraEvent:
    """What came of a frame of noise, which no encoder makes small."""
    labels = model.labels
    label = announced if announced in labels else labels[4 % len(labels)]
    rest = [(other, (1 - score) / (len(labels) - 1)) for other in labels if other != label]
    return CameraEvent(
        frame=frame,
        name="",
        captured_ns=time.monotonic_ns(),
        pixels=np.random.default_rng(frame).integers(0, 256, (48, 64, 3), np.uint8),
        announced=announced,
        changed=changed,
        model=model,
        prediction=_prediction(((label, score), *rest), known, unknown, garment, model),
        picture=np.zeros((28, 28), np.uint8) if garment else None,
        box=(1, 2, 3, 4) if garment else None,
        mask=None,
        capture_ns=1,
        preprocess_ns=1,
        infer_ns=1,
        fps=30.0,
        dropped=0,
        true_label=None,
        background_fits=None,
    )


def _prediction(
    top: tuple[tuple[str, float], ...],
    known: float,
    unknown: bool,
    garment: bool,
    model: ModelInUse,
) -> Prediction:
    if not garment:
        return Prediction.unsure()
    if unknown:
        return Prediction.unsure(known=known, top=top, latency_ns=1)
    index = model.labels.index(top[0][0])
    return Prediction.named(label_index=index, known=known, top=top, latency_ns=1)


def status(state: State, fault: Any = "", detail: str = "") -> Status:
    return Status(state=state, fault=fault, detail=detail, since_ns=time.monotonic_ns())


@contextlib.contextmanager
def full_disk(size_bytes: int) -> Iterator[None]:
    """No file of this process grows past `size_bytes`: writes fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def wait_for(true: Callable[[], object], what: str = "") -> None:
    """Wait until something holds; fails after `WAIT_S`."""
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.02)


def rows(path: Path) -> list[dict[str, Any]]:
    """The lines of a file; every one must be whole."""
    text = path.read_text() if path.exists() else ""
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


class Run:
    """A running ``edgefmnist camera`` on the demo, its streams in files."""

    def __init__(self, folder: Path, *words: str, **options: Any) -> None:
        self.out, self.err = folder / "stdout", folder / "stderr"
        command = [sys.executable, "-m", "edgefmnist", "camera", "--source", "demo", *words]
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, **options)

    def told(self) -> str:
        return self.err.read_text()

    def stop(self) -> str:
        """SIGTERM; returns what it told on stderr."""
        self.process.terminate()
        assert self.process.wait(WAIT_S) == 0, self.told()
        assert "Traceback" not in self.told()
        return self.told()


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Start camera runs that end with the test."""
    started: list[Run] = []

    def start(*words: str, **options: Any) -> Run:
        started.append(Run(tmp_path, *words, **options))
        return started[-1]

    yield start
    for run in started:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()
