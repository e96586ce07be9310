"""--rotate, --flip and --crop: the same picture for everything that comes after."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.turning import seen
from edgefmnist.camera.view import View, read_view
from edgefmnist.errors import UsageError
from tests.conftest import RunCli

BIG, SMALL = (640, 480), (320, 240)


def numbered_pixels(width: int, height: int) -> np.ndarray:
    return np.arange(width * height * 3, dtype=np.uint8).reshape(height, width, 3)


@pytest.mark.parametrize("size", [(6, 4), (7, 5), (1, 1), (1, 9)])
def test_turns_and_mirrors_are_those_of_numpy(size: tuple[int, int]) -> None:
    pixels = numbered_pixels(*size)
    for rotate in (0, 90, 180, 270):
        turned = np.rot90(pixels, -rotate // 90)
        for flip, expected in (
            ("", turned),
            ("horizontal", turned[:, ::-1]),
            ("vertical", turned[::-1]),
        ):
            view = View(rotate=rotate, flip=flip)
            found = seen(pixels, view)
            np.testing.assert_array_equal(found, expected)
            assert found.flags.c_contiguous
            assert view.size(size) == found.shape[1::-1]
    assert seen(pixels, View()) is pixels


def test_crop_is_of_the_turned_picture_and_the_same_part_at_every_size() -> None:
    view = read_view("90", "horizontal", "0.25,0.5,0.5,0.25")
    for width, height in (BIG, SMALL):
        pixels = numbered_pixels(width, height)
        expected = np.rot90(pixels, -1)[:, ::-1][width // 2 : width * 3 // 4]
        expected = expected[:, height // 4 : height * 3 // 4]
        np.testing.assert_array_equal(seen(pixels, view), expected)
        assert view.size((width, height)) == (height // 2, width // 4)
    assert view.words() == "--rotate 90 --flip horizontal --crop 0.25,0.5,0.5,0.25"


@pytest.mark.parametrize("crop", ["0.99,0.99,0.01,0.01", "0,0,0.01,0.01", "0.1,0.7,0.9,0.3"])
def test_at_least_one_pixel_is_left_and_never_more_than_there_are(crop: str) -> None:
    view = read_view(None, None, crop)
    for size in ((1, 1), (3, 2), (28, 28), (641, 479)):
        found = seen(numbered_pixels(*size), view)
        assert found.size > 0 and found.shape[1::-1] == view.size(size)
        assert found.shape[1] <= size[0] and found.shape[0] <= size[1]


def test_all_of_it_is_no_change() -> None:
    pixels = numbered_pixels(7, 5)
    np.testing.assert_array_equal(seen(pixels, read_view("0", None, "0,0,1,1")), pixels)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--rotate", value) for value in ("45", "-90", "360", "90.0", "right")),
        *(("--flip", value) for value in ("both", "Horizontal", "h", "")),
        *(("--crop", value) for value in ("", "0,0,1", "0,0,1,1,1", "100,50,400,300", "a,b,c,d")),
        *(
            ("--crop", value)
            for value in ("0,0,0,1", "0,0,1e-9,1", "-0.1,0,1,1", "0.5,0,0.6,1", "nan,0,1,1")
        ),
        *(("--crop", value) for value in ("0,0,inf,1", "10%,0,80%,100%", "0 0 1 1")),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_option(option: str, value: str) -> None:
    words = {"--rotate": None, "--flip": None, "--crop": None, option: value}
    with pytest.raises(UsageError) as caught:
        read_view(*words.values())
    assert str(caught.value).startswith(option) and "\n" not in str(caught.value)


def test_it_is_refused_before_the_camera_opens_and_for_a_service(run_cli: RunCli) -> None:
    for words in (
        ("camera", "--source", "/nowhere.mp4", "--rotate", "45"),
        ("predict", "/nowhere.jpg", "--crop", "0.5,0,1,1"),
        ("service", "print", "--", "--source", "demo", "--flip", "sideways"),
    ):
        done = run_cli(*words)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    done = run_cli("camera", "--source", "demo", "--frames", "1", env={"EDGEFMNIST_ROTATE": "17"})
    assert done.returncode == 2 and "--rotate 17" in done.stderr
    done = run_cli("service", "print", "--", "--source", "demo", "--rotate", "180")
    assert "--rotate=180" in done.stdout


# The whole way.


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """A dark trouser on light ground, standing left of the middle."""
    pixels = np.full((480, 640, 3), 225, np.uint8)
    cv2.fillPoly(
        pixels,
        [
            np.array(
                [(150, 90), (270, 90), (290, 400), (230, 400), (210, 180), (190, 400), (130, 400)]
            )
        ],
        (60, 40, 30),
    )
    return pixels


@pytest.mark.parametrize(("rotate", "code"), [("90", 2), ("180", 1), ("270", 0)])
def test_a_turned_camera_gives_what_an_upright_one_gives(
    rotate: str, code: int, scene: np.ndarray, tmp_path: Path, run_cli: RunCli
) -> None:
    """Answer, box and kept frame, of a folder, one picture as a source, and `predict`."""
    photos, kept = tmp_path / "photos", tmp_path / "kept"
    photos.mkdir()
    cv2.imwrite(str(photos / "a.png"), cv2.rotate(scene, code))
    upright = tmp_path / "upright.png"
    cv2.imwrite(str(upright), scene)
    expected = json.loads(run_cli("predict", "--jsonl", upright).stdout)
    assert expected["box"] is not None
    words = ("--jsonl", "--rotate", rotate)
    rows = [run_cli("predict", photos, *words).stdout]
    rows.append(
        run_cli("camera", "--source", photos / "a.png", "--save-uncertain", kept, *words).stdout
    )
    for row in (line for text in rows for line in text.splitlines()):
        fields = json.loads(row)
        if fields.get("event") != "state":
            assert fields["box"] == expected["box"] and fields["top"] == expected["top"]
    frame = cv2.imread(str(next(kept.glob("*.jpg"))))
    assert np.abs(frame.astype(int) - scene).mean() < 5


def test_crop_shows_in_size_box_and_kept_frame(
    scene: np.ndarray, tmp_path: Path, run_cli: RunCli
) -> None:
    path, kept = tmp_path / "a.png", tmp_path / "kept"
    cv2.imwrite(str(path), scene)
    words = ("--jsonl", "--every-frame", "--crop", "0.1,0.1,0.5,0.9")
    done = run_cli("camera", "--source", path, "--save-uncertain", kept, *words)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    left, top, width, height = next(row["box"] for row in rows if "box" in row)
    assert abs(left + 64 - 130) < 12 and abs(top + 48 - 90) < 12
    assert abs(width - 160) < 20 and abs(height - 310) < 20
    frame = cv2.imread(str(next(kept.glob("*.jpg"))))
    assert np.abs(frame.astype(int) - scene[48:480, 64:384]).mean() < 5


def test_a_bare_part_of_a_working_camera_is_no_fault() -> None:
    """What the frame shows is judged before it is cut: a white wall is not a broken camera."""
    from edgefmnist.camera.capture.child import Mailbox, read_on
    from edgefmnist.camera.capture.content import Content
    from edgefmnist.camera.capture.messages import Given
    from edgefmnist.camera.capture.pixels import SharedPixels
    from edgefmnist.records import Frame

    rng = np.random.default_rng(0)

    class HalfWall:
        live = True
        name = "half a wall"
        left = 3

        def read(self) -> Frame | None:
            self.left -= 1
            pixels = np.full((120, 160, 3), 255, np.uint8)
            pixels[:, 80:] = rng.integers(0, 255, (120, 80, 3))
            return Frame(pixels=pixels, captured_ns=0, index=0) if self.left >= 0 else None

        def close(self) -> None:
            pass

    mailbox = Mailbox(live=True)
    read_on(HalfWall(), mailbox, Content(), read_view(None, None, "0,0,0.5,1"))
    memory = SharedPixels()
    given = mailbox.take(memory)
    memory.close()
    assert isinstance(given, Given) and (given.width, given.height) == (80, 120)


def test_box_of_a_large_picture_is_in_its_own_pixels(
    scene: np.ndarray, tmp_path: Path, run_cli: RunCli
) -> None:
    small, large = tmp_path / "a.png", tmp_path / "b.jpg"
    cv2.imwrite(str(small), scene)
    cv2.imwrite(str(large), cv2.resize(scene, (6400, 4800), interpolation=cv2.INTER_NEAREST))
    expected = json.loads(run_cli("predict", "--jsonl", small).stdout)["box"]
    done = run_cli("predict", "--jsonl", large, "--crop", "0,0,0.5,1")
    rows = [json.loads(done.stdout)]
    done = run_cli("camera", "--source", large, "--jsonl")
    rows += [row for line in done.stdout.splitlines() if "box" in (row := json.loads(line))]
    assert len(rows) == 2
    for row in rows:
        assert np.abs(np.array(row["box"]) / 10 - expected).max() < 8
