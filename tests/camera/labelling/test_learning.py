"""Learn, use it, go back: the real command in its process, and a camera that takes the model."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgefmnist.camera.labelling.learned import LearnedModels
from edgefmnist.camera.labelling.learning import CannotNow, Learning, LearningStatus
from edgefmnist.camera.recognizer import LoadedModel
from edgefmnist.camera.reloading import ModelRequests, Reloading
from edgefmnist.runtime.models import shipped
from tests.conftest import RunCli, needs_litert
from tests.wardrobe import fill

BOUND_S = 180.0


class Camera:
    """The part of a camera's loop that takes models."""

    def __init__(self) -> None:
        self.requests = ModelRequests()
        self.loaded: list[str] = []
        self.refused: list[str] = []
        self.over = threading.Event()
        self.reloading = Reloading(
            spec="tiny",
            threads=1,
            unknown_threshold=None,
            asked=lambda: False,
            on_loaded=self._note,
            on_refused=lambda error: self.refused.append(str(error)),
            requests=self.requests,
        )
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _note(self, model: LoadedModel) -> None:
        self.loaded.append(Path(model.classifier.model.path).parent.name)

    def _run(self) -> None:
        with contextlib.closing(self.reloading):
            while not self.over.wait(0.02):
                self.reloading()


@pytest.fixture
def camera() -> Iterator[Camera]:
    one = Camera()
    yield one
    one.over.set()
    one.thread.join()


def wait(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + BOUND_S
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_a_camera_takes_what_is_asked_for_and_refuses_what_is_damaged(
    camera: Camera, tmp_path: Path
) -> None:
    camera.requests.ask("edge").result(BOUND_S)
    assert camera.loaded == ["edge"] and camera.reloading.spec == "edge"
    torn = Path(shutil.copytree(shipped()["tiny"], tmp_path / "torn"))
    with (torn / "model.tflite").open("r+b") as file:
        file.truncate(20_000)
    for spec in (str(torn), str(tmp_path / "nowhere")):
        refused = camera.requests.ask(spec).exception(BOUND_S)
        assert refused is not None and str(refused) == camera.refused[-1]
    assert camera.reloading.spec == "edge"
    first, second = camera.requests.ask("tiny"), camera.requests.ask("edge")
    assert "another model" in str(first.exception(BOUND_S))
    second.result(BOUND_S)


def ended(learning: Learning) -> LearningStatus:
    """Wait for the end, through all states that the page shows."""
    wait(lambda: not learning.status().running, "it ends")
    return learning.status()


@needs_litert
def test_learn_use_it_and_go_back(camera: Camera, photos: Path) -> None:
    fill(photos, "Coat", "Coat", slice(0, 8))
    fill(photos, "Box of mine", "Bag", slice(0, 8))
    models = LearnedModels(photos, "tiny")
    learning = Learning(photos, models, camera.requests.ask)
    for impossible in (learning.go_back, lambda: learning.use("learned-1")):
        with pytest.raises(CannotNow):
            impossible()
    learning.start()
    assert learning.status().running
    with pytest.raises(CannotNow, match="already"):
        learning.start()
    child = learning._adapting._child.pid  # type: ignore[union-attr]
    assert os.getpriority(os.PRIO_PROCESS, child) == 15
    wait(lambda: learning.status().progress.total == 16, "it says how far it is")
    told = ended(learning)
    assert (told.candidate, told.error, told.in_use) == ("learned-1", "", None)
    assert told.result is not None and "Box of mine" in told.result["labels"]
    assert told.result["learning_curve"] and told.result["score"]["after"] > 0.5

    learning.use("learned-1")
    wait(lambda: not learning.status().switching, "it is taken")
    told = learning.status()
    assert (told.in_use, told.candidate, told.back, told.switch_error) == (
        *("learned-1", None, True),
        "",
    )
    assert camera.loaded == ["learned-1"]
    again = LearnedModels(photos, "tiny")
    assert again.spec() == str(photos.with_name("wardrobe-models") / "learned-1")
    assert Learning(photos, again, camera.requests.ask).status().result == told.result

    learning.go_back()
    wait(lambda: not learning.status().switching, "the one before is taken")
    assert camera.loaded == ["learned-1", "tiny"] and not learning.status().back
    assert learning.status().candidate == "learned-1"  # and could be used once more

    model = photos.with_name("wardrobe-models") / "learned-1" / "model.tflite"
    model.write_bytes(model.read_bytes()[:1000])
    learning.use("learned-1")
    wait(lambda: not learning.status().switching, "it is refused")
    assert "SHA-256" in learning.status().switch_error
    assert learning.status().in_use is None and LearnedModels(photos, "tiny").spec() == "tiny"


@needs_litert
def test_what_cannot_be_learned_says_why_and_leaves_nothing(photos: Path) -> None:
    for name in ("Coat", "Bag"):
        fill(photos, name, name, slice(0, 1))
    models = LearnedModels(photos, "tiny")
    learning = Learning(photos, models, ModelRequests().ask)
    learning.start()
    told = ended(learning)
    assert "too few pictures" in told.error and told.error.isprintable() and not told.refused
    assert told.candidate is None and list(models.folder.iterdir()) == []

    fill(photos, "Coat", "Coat", slice(0, 40))
    fill(photos, "Bag", "Bag", slice(0, 40))
    for end in ("kill", "stop"):
        learning.start()
        wait(lambda: learning.status().progress.done > 3, "it is at work")
        assert learning._adapting is not None
        if end == "kill":
            os.kill(learning._adapting._child.pid, signal.SIGKILL)
            assert "signal 9" in ended(learning).error
        else:
            learning.stop()
            assert not learning.status().running and learning.status().error == ""
        assert learning.status().candidate is None
    assert models.next().name == "learned-1" and list(models.folder.iterdir()) == []


def test_a_camera_left_to_itself_starts_with_the_given_model_where_the_learned_is_damaged(
    run_cli: RunCli, tmp_path: Path
) -> None:
    photos = tmp_path / "wardrobe"
    models = LearnedModels(photos, "tiny")
    shutil.copytree(shipped()["edge"], models.next())
    models.use("learned-1")
    words = ["camera", "--source", "demo", "--frames", "2", "--jsonl", "--model", "tiny"]
    words += ["--preview", "127.0.0.1:0", "--save-uncertain", str(tmp_path / "frames")]
    done = run_cli(*words, "--adapt", photos)
    assert done.returncode == 0 and f"model: learned-1 of {models.folder}" in done.stderr
    (models.folder / "learned-1" / "model.tflite").write_bytes(b"torn")
    done = run_cli(*words, "--adapt", photos)
    assert done.returncode == 0 and "the one that the command names answers" in done.stderr


def test_the_option_needs_its_two_others(run_cli: RunCli, tmp_path: Path) -> None:
    for words in (("--preview", ":0"), ("--save-uncertain", str(tmp_path / "frames")), ()):
        done = run_cli("camera", "--source", "demo", "--adapt", tmp_path / "photos", *words)
        assert done.returncode == 2 and "--adapt needs" in done.stderr
    assert list(tmp_path.iterdir()) == []
