"""Video files and folders: every frame in order, in real time, again and again."""

from __future__ import annotations

import itertools
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.camera.sources.pace import Pace
from edgefmnist.errors import BadPicture
from tests.camera.conftest import number_of, numbered
from tests.camera.sources.servers import whole_frames

WriteVideo = Callable[..., Path]


@pytest.mark.parametrize(("name", "fourcc"), [("a.mp4", "mp4v"), ("b.avi", "MJPG")])
def test_video_file_gives_every_frame_in_order(
    video_file: WriteVideo, name: str, fourcc: str
) -> None:
    source = open_source(SourceConfig(uri=str(video_file(name, fourcc, frames=10))))
    assert not source.live
    numbers = []
    while (frame := source.read()) is not None:
        assert frame.pixels.shape == (96, 128, 3)
        numbers.append((frame.index, number_of(frame.pixels)))
    assert numbers == [(n, n) for n in range(10)]
    assert source.read() is None
    source.close()


@pytest.mark.parametrize(("name", "fourcc"), [("a.mp4", "mp4v"), ("b.avi", "MJPG")])
def test_looped_video_begins_again_and_its_numbers_go_on(
    video_file: WriteVideo, name: str, fourcc: str
) -> None:
    source = open_source(SourceConfig(uri=str(video_file(name, fourcc, frames=4)), loop=True))
    frames = [source.read() for _ in range(13)]
    source.close()
    assert [frame.index for frame in frames if frame] == list(range(13))
    assert [number_of(frame.pixels) for frame in frames if frame] == [n % 4 for n in range(13)]


@pytest.mark.parametrize("loop", [False, True])
def test_a_cut_end_is_an_end(video_file: WriteVideo, loop: bool) -> None:
    path = video_file("a.avi", "MJPG", frames=20)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = open_source(SourceConfig(uri=str(path), loop=loop))
    numbers = [number_of(f.pixels) for f in itertools.islice(whole_frames(source), 30)]
    source.close()
    whole = numbers.index(0, 1) if loop else len(numbers)
    assert 2 < whole < 20 and numbers[:whole] == list(range(whole))
    assert len(numbers) == (30 if loop else whole)


def test_looped_video_that_is_taken_away(video_file: WriteVideo) -> None:
    path = video_file("a.avi", "MJPG", frames=2)
    source = open_source(SourceConfig(uri=str(path), loop=True))
    source.read()
    path.unlink()
    source.read()
    with pytest.raises(BadPicture, match=r"a\.avi"):
        source.read()
    source.close()
    source.close()


def test_realtime_keeps_the_speed_of_the_file(video_file: WriteVideo) -> None:
    """25 frames a second: 20 of them cannot be had in less than their time."""
    path = video_file("a.avi", "MJPG", frames=20)
    source = open_source(SourceConfig(uri=str(path), realtime=True))
    assert source.live
    taken_ns = []
    while (frame := source.read()) is not None:
        assert number_of(frame.pixels) == frame.index
        taken_ns.append(frame.captured_ns - frame.index * 40_000_000)
        assert frame.captured_ns <= time.monotonic_ns()
    source.close()
    assert taken_ns
    assert min(taken_ns) >= taken_ns[0] - 5_000_000  # none before it is due


def test_realtime_loses_what_nobody_reads_in_time(video_file: WriteVideo) -> None:
    path = video_file("a.avi", "MJPG", frames=20)
    source = open_source(SourceConfig(uri=str(path), realtime=True, loop=True))
    first = source.read()
    time.sleep(0.4)
    second = source.read()
    source.close()
    assert first is not None and second is not None
    assert second.index >= 8
    assert number_of(second.pixels) == second.index % 20


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """What ``time.monotonic()`` says: its one item."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    yield now


def test_pace_of_one_that_stood_still_goes_on_from_where_it_is(clock: list[float]) -> None:
    pace = Pace()
    assert [pace.due(own_s) for own_s in (7.0, 7.1, 7.5)] == pytest.approx([100, 100.1, 100.5])
    clock[0] = 101.3
    assert pace.due(7.6) == pytest.approx(100.6)  # a little late
    clock[0] = 3700
    assert pace.due(7.7) == pytest.approx(3700)
    assert pace.due(7.8) == pytest.approx(3700.1)


def test_pace_keeps_pauses_and_passes_over_cuts(clock: list[float]) -> None:
    pace = Pace()
    own_s = (0, 0.2, 30.2, 30.4, 5000, 5000.2, 1, 1.2, 1.2)
    due = [pace.due(one) - 100 for one in own_s]
    assert due == pytest.approx([0, 0.2, 30.2, 30.4, 30.6, 30.8, 31.0, 31.2, 31.2])


def test_undecodable_video_exits_5_with_one_line(
    tmp_path: Path, small_model: Path, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\0\0\0\x20ftypisom" + bytes(5000))
    done = run_cli("camera", "--model", str(small_model), "--source", str(path))
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1 and "broken.mp4" in done.stderr
    assert done.stdout == ""


def test_folder_gives_pictures_in_name_order(tmp_path: Path) -> None:
    for number, name in ((2, "c.png"), (0, "a.png"), (1, "b.PNG")):
        cv2.imwrite(str(tmp_path / name), numbered(number))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "d.png").mkdir()
    source = open_source(SourceConfig(uri=str(tmp_path)))
    seen = []
    while (frame := source.read()) is not None:
        seen.append((frame.name, number_of(frame.pixels)))
    assert seen == [("a.png", 0), ("b.PNG", 1), ("c.png", 2)]
    looped = open_source(SourceConfig(uri=str(tmp_path), loop=True))
    again = [looped.read() for _ in range(7)]
    assert [(f.index, f.name) for f in again if f] == [(n, seen[n % 3][0]) for n in range(7)]


def test_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BadPicture, match="no pictures in"):
        open_source(SourceConfig(uri=str(tmp_path)))
