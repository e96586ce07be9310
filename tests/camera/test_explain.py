"""``edgefmnist predict --explain``: one picture a photo that says why."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.recognizer import Recognizer, open_recognizer
from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.records import LABELS
from edgefmnist.render import explain
from edgefmnist.render.explain import draw
from edgefmnist.runtime.models import resolve
from tests.conftest import RunCli, assert_one_line


@pytest.fixture(scope="module")
def garment() -> np.ndarray:
    frame = open_demo("demo").read()
    assert frame is not None and frame.true_label != -1
    return frame.pixels


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return open_recognizer(resolve(None))


def test_a_picture_for_each_photo_beside_the_usual_answers(
    run_cli: RunCli, garment: np.ndarray, tmp_path: Path
) -> None:
    photos = [tmp_path / name for name in ("one/a.png", "two/a.png", "two/A-2.bmp", "two/ä.png")]
    for photo in photos:
        photo.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(photo), garment)
    out = tmp_path / "new" / "out"
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    done = run_cli("predict", "--jsonl", "--explain", out, *photos, bad, photos[0])
    assert done.returncode == 5 and "bad.jpg" in done.stderr
    paths = [json.loads(line)["path"] for line in done.stdout.splitlines()]
    assert paths == [str(photo) for photo in (*photos, photos[0])]
    names = ["a", "a-2", "A-2-2", "ä", "a-3"]
    assert {path.name for path in out.iterdir()} == {f"{name}.explained.png" for name in names}
    # Same pixels, another path in the corner.
    pictures = [cv2.imread(str(out / f"{name}.explained.png")) for name in names]
    assert len({picture.shape for picture in pictures}) == 1
    assert all((picture[70:] == pictures[0][70:]).all() for picture in pictures)


@pytest.mark.parametrize("given", ["photos", "photos/a.png"])
def test_the_photos_own_folder_is_refused(
    run_cli: RunCli, garment: np.ndarray, tmp_path: Path, given: str
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    cv2.imwrite(str(photos / "a.png"), garment)
    result = run_cli("predict", tmp_path / given, "--explain", photos)
    assert_one_line(result, 2, str(photos), "another folder")
    assert [path.name for path in photos.iterdir()] == ["a.png"]


def test_output_that_is_a_file_is_refused_before_the_work(run_cli: RunCli, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    result = run_cli("predict", "no such photo.jpg", "--model", "none", "--explain", taken)
    assert_one_line(result, 2, str(taken), "another place")
    assert taken.read_text() == "mine"


def test_a_name_as_long_as_a_file_system_takes(
    run_cli: RunCli, garment: np.ndarray, tmp_path: Path
) -> None:
    photo = tmp_path / ("a" + "ö" * 124 + ".png")  # 253 bytes; cut within a character
    photo.write_bytes(cv2.imencode(".png", garment)[1].tobytes())
    assert run_cli("predict", photo, "--explain", tmp_path / "out").returncode == 0
    assert len(list((tmp_path / "out").glob("aö*ö.explained.png"))) == 1


@pytest.mark.parametrize("size", [(1, 1), (2, 3000), (3000, 2), (28, 28), (1000, 700)])
def test_any_size_and_aspect_gives_the_same_sheet(
    recognizer: Recognizer, garment: np.ndarray, size: tuple[int, int]
) -> None:
    pixels = np.asarray(cv2.resize(garment, (size[1], size[0])), np.uint8)
    whole = draw("a", garment, recognizer.recognize(garment), 0.5, LABELS)
    assert draw("a", pixels, recognizer.recognize(pixels), 0.5, LABELS).shape == whole.shape


def test_what_is_drawn_follows_the_answer(recognizer: Recognizer, garment: np.ndarray) -> None:
    found = recognizer.recognize(garment)
    assert found.mask is not None and found.mask.shape == garment.shape[:2]
    sheet = draw("a", garment, found, 0.5, LABELS)
    assert (draw("a", garment, found, 0.7, LABELS) != sheet).any()  # the threshold's mark moved
    assert (draw("a", garment, found, None, LABELS) != draw("a", garment, found, 0.0, LABELS)).any()
    empty = np.full_like(garment, 90)
    nothing = recognizer.recognize(empty)
    assert nothing.mask is None
    without = draw("a", empty, nothing, 0.5, LABELS)
    assert (sheet[100:300, 520:856] == 0).any()  # the ground of the 28x28
    assert not (without[100:300, 520:856] == 0).any()
    assert sheet[:4].min() > 245 and without[:4].min() > 245  # light paper


def share_of(sheet: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((sheet == np.array(colour, np.uint8)).all(axis=2).mean())


def test_the_outline_and_the_bars_are_there(recognizer: Recognizer, garment: np.ndarray) -> None:
    found = recognizer.recognize(garment)
    assert found.probabilities is not None and not found.prediction.unknown
    photo, bars = np.s_[64:484, 20:500], np.s_[64:364, 876:1206]
    sheet = draw("a", garment, found, 0.0, LABELS)
    bare = draw("a", garment, dataclasses.replace(found, mask=None), 0.0, LABELS)
    assert (
        share_of(sheet[photo], explain._OUTLINE) > 0.003 > share_of(bare[photo], explain._OUTLINE)
    )
    long = share_of(sheet[bars], explain._SURE)
    lost = dataclasses.replace(found, probabilities=found.probabilities * np.float32(0.1))
    assert long > 5 * share_of(draw("a", garment, lost, 0.0, LABELS)[bars], explain._SURE) > 0
