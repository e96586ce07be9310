"""A camera that answers by a bundle with classes of one's own."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.loop import FramePath
from edgefmnist.camera.recognizer import Recognizer, load_model, open_recognizer
from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.camera.tracker import Tracker
from edgefmnist.records import LABELS, UNKNOWN, Frame, ModelInUse, Prediction
from edgefmnist.render import explain, live, sheet
from edgefmnist.render.drawn import ascii_text
from edgefmnist.runtime.models import resolve
from tests import own_classes
from tests.conftest import RunCli, assert_one_line

OWN = own_classes.LABELS
AS_SHIPPED = dict(zip(OWN, ("Trouser", "Dress", "Coat", "Bag"), strict=True))


@pytest.fixture(scope="module")
def recognizer(own_bundle: Path) -> Recognizer:
    return open_recognizer(resolve(str(own_bundle)), unknown_threshold="0")


def scenes(count: int) -> list[Frame]:
    """Rendered frames, one of each scene."""
    source, found = open_demo("demo:5"), []
    while len(found) < count:
        frame = source.read()
        assert frame is not None
        if not found or frame.true_label != found[-1].true_label:
            found.append(frame)
    return found


def test_answers_are_the_bundles_classes(recognizer: Recognizer) -> None:
    assert recognizer.model == ModelInUse(name="own", labels=OWN)
    seen = set()
    for frame in scenes(12):
        prediction = recognizer.recognize(frame.pixels).prediction
        if prediction.top:
            assert sorted(label for label, _ in prediction.top) == sorted(OWN)
            assert prediction.label == OWN[prediction.label_index] == prediction.top[0][0]
            seen.add(prediction.label)
    assert len(seen) >= 2


@pytest.mark.parametrize(
    ("scores", "count"),
    [((0.9, 0.1), 1), ((0.5, 0.5), 0), ((0.6, 0.35, 0.05), 1), ((0.5, 0.5, 0, 0), 2), ((1.0,), 0)],
)
def test_candidates_of_few_classes(scores: tuple[float, ...], count: int) -> None:
    top = tuple(zip(OWN, scores, strict=False))
    assert len(Prediction.unsure(known=0.2, top=top).candidates) == count


def test_the_truth_is_compared_by_name() -> None:
    bag = Prediction.named(label_index=3, known=0.9, top=(("Bag", 0.9),), latency_ns=1)
    assert bag.is_right(LABELS.index("Bag")) and not bag.is_right(3) and not bag.is_right(-1)
    assert Prediction.unsure().is_right(-1) and not Prediction.unsure().is_right(8)


def some(*scores: float) -> np.ndarray:
    return np.array(scores, np.float32)


def test_another_model_with_other_classes_is_followed() -> None:
    tracker = Tracker(0.5, ("Hat", "Bag"))
    for frame in range(5):
        announced = tracker.update(some(0.9, 0.1), 0.9, frame * 33_000_000)
    assert announced == "Hat"
    tracker.use(0.5, OWN)  # it knows hats too
    assert tracker.update(some(0, 0, 0, 1), 0.9, 200_000_000) == "Hat"
    tracker.use(0.5, ("Coat", "Bag", "Shirt"))
    told = [tracker.update(some(0, 1, 0), 0.9, at * 33_000_000) for at in range(7, 12)]
    assert told == [None, None, "Bag", "Bag", "Bag"]
    tracker.use(None, ("Scarf", "Glove"))
    assert tracker.update(some(0, 1), 0.9, 400_000_000) is None
    assert tracker.conclude() == "Glove"


def test_unknown_stays_announced_whatever_the_classes() -> None:
    tracker = Tracker(0.5, LABELS)
    for frame in range(5):
        tracker.update(None, 0.0, frame * 33_000_000)
    tracker.use(0.5, OWN)
    assert tracker.update(None, 0.0, 200_000_000) == UNKNOWN
    tracker.use(0.5, LABELS)
    assert tracker.conclude() == UNKNOWN


def test_events_carry_the_model_that_answered(own_bundle: Path) -> None:
    path = FramePath(open_recognizer(resolve(None)))
    frame = next(one for one in scenes(6) if one.true_label == LABELS.index("Bag"))
    for _ in range(4):
        event = path.follow(frame, 1, 0)
    assert event.model == ModelInUse(name="edge") and event.announced == "Bag"
    path.use(load_model(resolve(str(own_bundle))))
    event = path.follow(frame, 1, 0)
    assert event.model.labels == OWN and event.prediction.label in (*OWN, UNKNOWN)
    assert event.announced == "Bag"  # which both have
    lacking = [f for f in scenes(12) if LABELS[f.true_label or 0] not in (*OWN, LABELS[-1])]
    for other in lacking[:2]:
        path.follow(other, 1, 0)
    told = path.summary(0)
    assert (told.classified, told.garments) == (7, 5)  # classes that it lacks are not counted


def test_predict_and_camera_name_its_classes(
    own_bundle: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    for number, frame in enumerate(scenes(8)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), frame.pixels)
    words = ("--model", own_bundle, "--unknown-threshold", "0")
    done = run_cli("predict", tmp_path, *words, "--jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    named = [row for row in rows if not row["unknown"]]
    assert len(rows) == 8 and named
    assert all(row["label"] == OWN[row["label_index"]] for row in named)
    assert all({one["label"] for one in row["top"]} == set(OWN) for row in named)
    table = run_cli("predict", tmp_path, *words).stdout
    assert all(row["label"] in table for row in named)
    done = run_cli("camera", "--source", "demo:5", "--frames", 60, "--jsonl", *words)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    announced = {row["announced"] for row in events if row["event"] == "label"}
    assert announced <= {*OWN, UNKNOWN} and announced & set(OWN)
    assert {row["true_label"] for row in events if row["event"] == "label"} <= {*LABELS, "none"}


@pytest.mark.parametrize("count", [4, 40])
def test_explain_and_sheet_draw_any_classes(
    own_bundle: Path, tmp_path: Path, count: int, recognizer: Recognizer
) -> None:
    if count > len(OWN):
        labels = [f"Größe {n} des Müller'schen Rocks <b>"[:40] for n in range(count)]
        folder = own_classes.write(tmp_path / "many", labels, [n % 10 for n in range(count)])
        recognizer = open_recognizer(resolve(str(folder)), unknown_threshold="0")
    frames = scenes(4)
    shapes = set()
    for frame in frames:
        found = recognizer.recognize(frame.pixels)
        drawn = explain.draw("a", frame.pixels, found, 0.5, recognizer.model.labels)
        shapes.add(drawn.shape)
        assert (drawn[:, -8:] == explain._PAPER).all()  # nothing runs out of it
    assert len(shapes) == 1
    sheet.draw([(one, recognizer.recognize(one.pixels)) for one in frames], tmp_path / "sheet.png")
    assert cv2.imread(str(tmp_path / "sheet.png")) is not None


def test_what_opencv_can_write_of_a_label() -> None:
    assert ascii_text("Müller's skirt → é") == "Muller's skirt ? e"
    assert ascii_text("Größe Ø") == "Grosse O"
    assert ascii_text("靴👟") == "??" and ascii_text("Ankle boot") == "Ankle boot"


def test_the_live_view_shows_labels_as_they_are(recognizer: Recognizer) -> None:
    labels = ("[red]Hat[/]", "Müller's skirt", "A name of forty characters, which is long", ":bug:")
    labels = tuple(label[:40] for label in labels)
    console = live.SafeConsole(width=100, height=30, force_terminal=True, color_system=None)
    frame = scenes(2)[1]
    path = FramePath(recognizer)
    for _ in range(4):
        event = path.follow(frame, 1, 0, last=True)
    top = tuple(zip(labels, (0.5, 0.3, 0.15, 0.05), strict=True))
    event = dataclasses.replace(
        event,
        announced=labels[0],
        prediction=Prediction.named(label_index=0, known=0.9, top=top, latency_ns=1),
    )
    with console.capture() as caught:
        console.print(live._headline(event), live._top(event, 30))
    assert "[red]Hat[/]" in caught.get() and "Müller's s…" in caught.get()


def test_accuracy_on_pictures_of_its_classes(
    own_bundle: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    folders = {"hats": 1, "Müller's_SKIRT": 3, "b-x-b": 4, "bag": 8, "unknown": 7, "None": -1}
    placed = dict.fromkeys(folders, 0)
    for number, frame in enumerate(scenes(40)):
        for name, label in folders.items():
            if frame.true_label == label and placed[name] < 3:
                (tmp_path / name).mkdir(exist_ok=True)
                cv2.imwrite(str(tmp_path / name / f"{number}.png"), frame.pixels)
                placed[name] += 1
    words = ("evaluate", own_bundle, "--pictures", tmp_path)
    done = run_cli(*words, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["labels"] == list(OWN)
    assert [len(row) for row in told["confusion"]] == [5] * 4
    named = [placed[name] for name in list(folders)[:4]]
    assert [sum(row) for row in told["confusion"]] == named and told["total"] == sum(named)
    assert told["accuracy"] > 0.5
    nothing = placed["unknown"] + placed["None"]
    assert told["none_of_them"]["pictures"] == nothing >= told["none_of_them"]["refused"] > 0
    table = run_cli(*words).stdout
    assert "Müller's skirt" in table and f"of {nothing} refused as unknown" in table
    (tmp_path / "Coat").mkdir()
    assert_one_line(run_cli(*words), 5, "named after no class: Coat", "Hat, Müller's skirt, <b>x")


def test_evaluate_reports_the_classes_that_are_still_there(
    own_bundle: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    done = run_cli("evaluate", own_bundle, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["total"] == 1000 and told["labels"] == list(OWN)
    assert told["correct"] == told["confusion"][3][3] > 950
    assert told["per_class"] == {"Bag": told["accuracy"]}
    assert [sum(row) for row in told["confusion"]] == [0, 0, 0, 1000]
    assert told["own_classes"] == list(OWN[:3])
    assert told["absent_classes"] == [label for label in LABELS if label != "Bag"]
    table = run_cli("evaluate", own_bundle).stdout
    assert "on 1,000 test images" in table
    assert "does not have these classes: T-shirt/top, Trouser" in table
    assert "no test images: Hat, Müller's skirt, <b>x</b>." in table


def test_evaluate_with_no_class_of_fashion_mnist(
    own_bundle: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    folder = own_classes.write(tmp_path / "none", ("Hat", "Scarf"), (0, 1))
    done = run_cli("evaluate", folder)
    assert_one_line(done, 5, "none of Fashion-MNIST's classes", "--pictures FOLDER")
