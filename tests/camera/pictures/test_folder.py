"""Which files of a folder are photos, and what is said of the others."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.pictures.folder import list_pictures
from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.camera.stills import garment_frames
from edgefmnist.errors import BadPicture
from tests.camera.conftest import number_of, numbered
from tests.conftest import RunCli


def put(folder: Path, *names: str) -> None:
    for name in names:
        data = cv2.imencode(".png", numbered(3))[1].tobytes()
        (folder / name).write_bytes(data)


class Notes(list[tuple[str, bool]]):
    """What was said, and whether a picture is bad."""

    def __call__(self, text: str, *, bad: bool = False) -> None:
        self.append((text, bad))


def test_natural_order_whatever_the_case(tmp_path: Path) -> None:
    names = ["a.png", "B.PNG", "IMG_2.jpg", "img_10.jpg", "x1y2.jpe", "x1y10.jfif", "x02.webp"]
    put(tmp_path, *reversed(names))
    assert [path.name for path in list_pictures(tmp_path).pictures] == names


def test_names_that_are_not_text(tmp_path: Path, run_cli: RunCli) -> None:
    put(tmp_path, os.fsdecode(b"caf\xe9.png"), "9\u0663.png", "new\nline.png", "\u00b2.png")
    assert len(list_pictures(tmp_path).pictures) == 4
    done = run_cli("camera", "--source", tmp_path, "--jsonl", "--every-frame")
    assert done.returncode == 0
    assert sum("box" in json.loads(line) for line in done.stdout.splitlines()) == 4


def test_what_systems_leave_in_folders_is_passed_over_silently(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "._a.jpg", ".hidden.png", "Thumbs.db", "desktop.ini", ".DS_Store")
    for name in ("notes.txt", "a.json", "a.xmp", "film.mp4"):
        (tmp_path / name).write_text("P5 or BM may begin a text too")
    (tmp_path / ".git").mkdir()
    found = list_pictures(tmp_path)
    assert [path.name for path in found.pictures] == ["a.jpg"] and found.note == ""


def test_what_a_user_would_miss_is_named_once(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "b.heic", "c.HEIC", "d.NEF", "e.jpg.download", "f")
    (tmp_path / "2025").mkdir()
    (tmp_path / "d.jpg").mkdir()
    note = list_pictures(tmp_path).note
    assert note.count("\n") == 0
    for told in (
        "2 folders",
        "b.heic and 1 more",
        "heif-convert",
        "d.NEF: ",
        "e.jpg.download and 1",
    ):
        assert told in note
    assert note.count("heif-convert") == 1


def test_a_folder_of_heic_alone_says_how_to_convert(tmp_path: Path) -> None:
    put(tmp_path, "a.heic")
    with pytest.raises(BadPicture, match="heif-convert"):
        list_pictures(tmp_path)


@pytest.mark.parametrize("kind", ["link to nothing", "link in a circle", "pipe"])
def test_odd_entries_do_not_stop_it(kind: str, tmp_path: Path) -> None:
    put(tmp_path, "a.png", "c.png")
    if kind == "pipe":
        os.mkfifo(tmp_path / "b.png")
        os.mkfifo(tmp_path / "without suffix")
    else:
        target = "b.png" if kind == "link in a circle" else "gone"
        (tmp_path / "b.png").symlink_to(target)
        (tmp_path / "without suffix").symlink_to("without suffix")
    notes = Notes()
    source = open_source(SourceConfig(uri=str(tmp_path)), notes)
    assert [frame.name for frame in iter(source.read, None)] == ["a.png", "c.png"]
    assert len(notes) == 1 and notes[0][1]


def test_companions_of_kept_frames_are_no_photos(tmp_path: Path, run_cli: RunCli) -> None:
    words = ("camera", "--source", "demo:5", "--frames", "40", "--jsonl", "--save-uncertain")
    assert run_cli(*words, tmp_path / "kept").returncode == 0
    frames = sorted(path.name for path in (tmp_path / "kept").glob("*.jpg"))
    assert list((tmp_path / "kept").glob("*.png"))
    done = run_cli("predict", "--jsonl", tmp_path / "kept")
    assert [Path(json.loads(line)["path"]).name for line in done.stdout.splitlines()] == frames
    # Renamed as a group, without the frame, and a photo of the user's that has JSON beside it.
    for number, json_path in enumerate(sorted((tmp_path / "kept").glob("*.json"))):
        for suffix in (".json", ".png"):
            path = json_path.with_suffix(suffix)
            if path.exists():
                path.rename(tmp_path / "kept" / f"{number}{suffix}")
    put(tmp_path / "kept", "mine.png")
    (tmp_path / "kept" / "mine.json").write_text('{"label": "Coat"}')
    names = [path.name for path in list_pictures(tmp_path / "kept").pictures]
    assert sorted(names) == sorted([*frames, "mine.png"])


def test_bad_files_are_passed_over_told_first_five_and_exit_5(
    tmp_path: Path, run_cli: RunCli
) -> None:
    put(tmp_path, "a.png", "z.png")
    for number in range(9):
        (tmp_path / f"bad{number}.jpg").write_bytes(b"no picture" * (number > 0))
    done = run_cli("camera", "--source", tmp_path, "--jsonl", "--every-frame")
    names = [
        row["name"] for line in done.stdout.splitlines() if "name" in (row := json.loads(line))
    ]
    assert names == ["a.png", "z.png"]
    lines = [line for line in done.stderr.splitlines() if line.startswith("edgefmnist: ")]
    assert len(lines) == 6 and "bad0.jpg is empty" in lines[0] and "4 more" in lines[5]
    assert done.returncode == 5
    again = run_cli("predict", "--jsonl", tmp_path)
    assert again.returncode == 5 and again.stdout.count("\n") == 2


def test_a_folder_without_one_good_picture_exits_5(tmp_path: Path, run_cli: RunCli) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"no picture")
    done = run_cli("camera", "--source", tmp_path, "--jsonl", "--loop")
    assert done.returncode == 5 and "none of the 2 pictures" in done.stderr


def test_a_looped_folder_complains_once_and_ends_when_all_is_gone(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "c.png")
    (tmp_path / "b.png").write_bytes(b"")
    notes = Notes()
    source = open_source(SourceConfig(uri=str(tmp_path), loop=True), notes)
    names = [frame.name for frame in (source.read() for _ in range(7)) if frame]
    assert names == ["a.png", "c.png"] * 3 + ["a.png"] and len(notes) == 1
    for name in ("a.png", "c.png"):
        (tmp_path / name).unlink()
    assert source.read() is None and source.read() is None
    assert [bad for _, bad in notes] == [True] * 3


def test_own_frames_for_calibration_are_read_the_same_way(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "edgefmnist-00000001-20260131T120000Z.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    (tmp_path / "sub").mkdir()
    notes = Notes()
    found = garment_frames(tmp_path, lambda *_: None, notes)
    assert len(found.pictures) + found.empty == 1 and found.unreadable == 1
    assert [bad for _, bad in notes] == [False, True]


# One picture, or a film.


def test_a_single_picture_as_a_source_is_read_as_one(tmp_path: Path, run_cli: RunCli) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    (tmp_path / "a.png").rename(tmp_path / "a.mp4")  # by its content, not by its name
    source = open_source(SourceConfig(uri=str(tmp_path / "a.mp4")))
    assert not source.live and source.name == "a.mp4"
    frames = list(iter(source.read, None))
    assert len(frames) == 1 and frames[0].pixels.shape == (40, 60, 3)
    looped = open_source(SourceConfig(uri=str(tmp_path / "a.mp4"), loop=True))
    assert [frame.index for frame in (looped.read() for _ in range(3)) if frame] == [0, 1, 2]
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff broken")
    done = run_cli("camera", "--source", tmp_path / "b.jpg")
    assert done.returncode == 5 and done.stderr.count("\n") == 1


def test_an_animated_gif_is_a_film_and_for_predict_its_first_picture(
    tmp_path: Path, run_cli: RunCli
) -> None:
    if not hasattr(cv2, "Animation"):
        pytest.skip("this OpenCV writes no animations")
    film = cv2.Animation()
    film.frames, film.durations = [numbered(n) for n in range(4)], [100] * 4
    path = tmp_path / "a.gif"
    assert cv2.imwriteanimation(str(path), film)
    frames = list(iter(open_source(SourceConfig(uri=str(path))).read, None))
    assert [number_of(frame.pixels) for frame in frames] == [0, 1, 2, 3]
    assert len(run_cli("predict", "--jsonl", path).stdout.splitlines()) == 1


def test_what_lies_beside_a_picture_is_not_waited_for(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    os.mkfifo(tmp_path / "a.json")  # opened, it would wait for a writer
    (tmp_path / "b.json").symlink_to("/dev/zero")
    assert [path.name for path in list_pictures(tmp_path).pictures] == ["a.png", "b.png"]
