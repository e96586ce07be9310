"""What tests of every area share: the real data set, real child processes, real models."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.device import build_wheel
from edgefmnist import wheels
from edgefmnist.runtime import interpreter
from tests import own_classes

ROOT = Path(__file__).resolve().parent.parent
BUNDLE = ROOT / "models" / "edge"

# A shell has background jobs ignore it, and so would every command that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

RUNTIME = interpreter.provider()[1]
"""The runtime that is installed: LiteRT, or in an older environment tflite-runtime."""

needs_litert = pytest.mark.skipif(
    wheels.LITERT not in RUNTIME, reason=f"holds for LiteRT, here is {RUNTIME}"
)

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """A folder with the four real files of Fashion-MNIST."""
    from edgefmnist import dataset

    folders = {file.path.parent for file in dataset.find(fetch=True)}
    assert len(folders) == 1
    return folders.pop()


@pytest.fixture(scope="session")
def run_cli() -> RunCli:
    """Run ``edgefmnist ARGS`` as a child process, as a user would."""

    def run(
        *args: object, env: dict[str, str] | None = None, timeout: float = 300, **options: object
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "edgefmnist", *map(str, args)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=os.environ | {"COLUMNS": "100"} | (env or {}),
            **options,
        )

    return run


@pytest.fixture(scope="session")
def small_model() -> Path:
    """A bare `.tflite`: the shipped model without its bundle."""
    return BUNDLE / "model.tflite"


@pytest.fixture(scope="session")
def own_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle folder with classes of one's own (`tests.own_classes.LABELS`)."""
    if wheels.LITERT not in RUNTIME:
        pytest.skip(f"LiteRT's tools cut the model, here is {RUNTIME}")
    return own_classes.write(tmp_path_factory.mktemp("own") / "own")


@pytest.fixture(scope="session")
def tied_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare `.tflite` that gives every class the same score, whatever it sees."""
    return _converted(
        tmp_path_factory.mktemp("tied") / "tied.tflite", lambda ops, pixels: 0 * pixels
    )


@pytest.fixture(scope="session")
def bad_numbers_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare `.tflite` whose scores are not a number where the picture shows a garment.

    Of black, white and noise, which every model is tried with first, they are: there the ten
    pixels are equal or far apart.
    """

    def answer(ops: Any, pixels: Any) -> Any:
        span = ops.max(pixels, -1, keepdims=True) - ops.min(pixels, -1, keepdims=True)
        return pixels + ops.log(span * (span - 170.0) + 0.5)

    return _converted(tmp_path_factory.mktemp("nan") / "nan.tflite", answer)


def _converted(path: Path, answer: Callable[..., object]) -> Path:
    """A model of ten pixels, changed by `answer` (`keras.ops`, pixels), which are its scores."""
    pytest.importorskip("tensorflow", reason="TensorFlow, which converts, is not installed")
    import keras

    from edgefmnist.quantization.convert import convert

    picture = keras.Input((28, 28, 1))
    middle = keras.layers.Flatten()(picture)[:, 400:410]
    path.write_bytes(convert(keras.Model(picture, answer(keras.ops, middle)), "float32"))
    return path


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def shipped_bundle() -> Path:
    """The folder of the shipped default bundle."""
    return BUNDLE


@pytest.fixture(scope="session")
def endless_model() -> bytes:
    """A `.tflite` that never answers."""
    from tests.runtime import hostile

    return hostile.endless()


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder: the tutorial's smallest network after one short epoch, really trained."""
    pytest.importorskip("keras", reason="Keras, which trains, is not installed")
    out = tmp_path_factory.mktemp("runs") / "tiny"
    script = Path(__file__).parent / "training" / "short_training.py"
    command = [sys.executable, str(script), str(out), "--recipe", "seed-1", "--epochs", "1"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return out


def assert_one_line(result: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The command failed with `code` and one line on stderr that has all of `words`."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("edgefmnist: ")]
    assert result.returncode == code, result.stderr
    assert len(lines) == 1, result.stderr
    assert result.stderr.strip().endswith(lines[0])
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in lines[0]
