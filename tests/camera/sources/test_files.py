"""Video files and folders: every frame in order, in real time, again and again."""

from __future__ import annotations

import itertools
import math
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.sources.decoder import upright
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.camera.sources.pace import Pace
from edgefmnist.errors import BadPicture
from tests.camera.conftest import Pixels, number_of, numbered
from tests.camera.sources.films import make
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
    began_ns = []
    while (frame := source.read()) is not None:
        assert number_of(frame.pixels) == frame.index
        assert source.due_ns - 1_000_000 <= frame.captured_ns <= time.monotonic_ns()
        began_ns.append(source.due_ns - frame.index * 40_000_000)
    source.close()
    assert began_ns
    assert min(began_ns) >= began_ns[0] - 1_000_000  # none is due before its time in the file


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


def test_a_film_of_one_picture_is_shown_again_and_again(video_file: WriteVideo) -> None:
    path = video_file("a.avi", "MJPG", frames=1)
    source = open_source(SourceConfig(uri=str(path), realtime=True, loop=True))
    began = time.monotonic()
    frames = [source.read() for _ in range(5)]
    assert all(frame is not None and number_of(frame.pixels) == 0 for frame in frames)
    assert time.monotonic() - began >= 3 / 30  # at the pace of a film that names none
    source.close()


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


def frames_of(path: Path) -> list[Pixels]:
    source = open_source(SourceConfig(uri=str(path)))
    frames = [frame.pixels for frame in whole_frames(source)]
    source.close()
    return frames


CORNERED = "color=black:s=64x32:r=25:d=0.4,format=yuv444p,drawbox=w=16:h=8:color=white:t=fill"


@pytest.mark.usefixtures("needs_ffmpeg")
@pytest.mark.parametrize(
    ("degrees", "shape", "corner"),
    [
        (0, (32, 64), (0, 0)),
        (90, (64, 32), (-1, 0)),  # degrees counterclockwise
        (180, (32, 64), (-1, -1)),
        (270, (64, 32), (0, -1)),
    ],
)
def test_film_of_a_phone_held_upright(
    degrees: int, shape: tuple[int, int], corner: tuple[int, int], tmp_path: Path
) -> None:
    plain = make(tmp_path / "plain.mp4", "-c:v libx264 -qp 0", CORNERED)
    data = bytearray(plain.read_bytes())
    at = data.index(b"tkhd") + 44  # the track's display matrix
    cos, sin = round(math.cos(math.radians(degrees))), round(math.sin(math.radians(degrees)))
    struct.pack_into(">5i", data, at, cos << 16, -sin << 16, 0, sin << 16, cos << 16)
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(data)
    for pixels in frames_of(turned):
        assert pixels.shape[:2] == shape
        corners = {(y, x): pixels[y, x].mean() for y in (0, -1) for x in (0, -1)}
        assert max(corners, key=lambda one: corners[one]) == corner


def test_display_matrix_may_also_mirror() -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    for (a, b, c, d), expected in {
        (1, 0, 0, 1): pixels,
        (-1, 0, 0, 1): pixels[:, ::-1],
        (0, 1, 1, 0): pixels.transpose(1, 0, 2),
        (0, 1, -1, 0): np.rot90(pixels, -1),
        (1, 1, -1, 1): pixels,  # 45°: left as it is
    }.items():
        matrix = np.array([a, b, 0, c, d, 0, 0, 0, 16384], np.int32) << 16
        np.testing.assert_array_equal(upright(pixels, matrix.tobytes()), expected)


@pytest.mark.usefixtures("needs_ffmpeg")
@pytest.mark.parametrize(
    "coding",
    [
        "-c:v libx264 -x264-params interlaced=1:tff=1 -f mpegts",
        "-c:v mpeg2video -flags +ildct+ilme -q:v 2 -f mpeg",
        "-c:v libx264 -bf 3 -pix_fmt yuv420p10le -f matroska",
        "-c:v libx264 -pix_fmt gray -f mp4",
        "-c:v libvpx -pix_fmt yuva420p -auto-alt-ref 0 -f webm",
        "-c:v gif -f gif",
        "-c:v apng -plays 0 -f apng",
        "-c:v ffv1 -f matroska",
        "-c:v mjpeg -q:v 2 -f avi",
    ],
)
def test_every_frame_of_every_kind_of_film_is_filled(coding: str, tmp_path: Path) -> None:
    film = make(tmp_path / "film", coding, "testsrc2=s=160x120:r=25:d=1")
    frames = frames_of(film)
    assert len(frames) == 25
    for pixels in frames:
        assert pixels.shape == (120, 160, 3)
        assert pixels.std() > 40


@pytest.mark.usefixtures("needs_ffmpeg")
def test_an_empty_packet_repeats_a_frame_and_is_no_damage(tmp_path: Path) -> None:
    film = make(tmp_path / "still.ogv", "-c:v libtheora -f ogg", "smptebars=s=160x120:r=10:d=2")
    assert len(frames_of(film)) > 1


@pytest.mark.usefixtures("needs_ffmpeg")
@pytest.mark.parametrize("suffix", ["mkv", "ts", "mp4", "gif"])
def test_declared_size_is_bounded_before_anything_is_decoded(suffix: str, tmp_path: Path) -> None:
    coding = "-frames:v 1" if suffix == "gif" else "-c:v libx264 -preset ultrafast -frames:v 1"
    film = make(tmp_path / f"large.{suffix}", coding, "color=black:s=8000x6000:r=25")
    script = (
        "import sys\n"
        "from edgefmnist.camera.sources.opening import open_source, SourceConfig\n"
        "from edgefmnist.errors import BadPicture\n"
        "from tests.camera.sources.servers import whole_frames\n"
        "try: list(whole_frames(open_source(SourceConfig(uri=sys.argv[1]))))\n"
        "except BadPicture as error: print(error)\n"
        # Not ru_maxrss: a child starts with that of the process that forked it.
        "status = open('/proc/self/status').read()\n"
        "print(status.partition('VmHWM:')[2].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", script, film], capture_output=True, text=True)
    said, kilobytes = done.stdout.splitlines()
    # A GIF of one picture is read as a picture.
    assert any(words in said for words in ("8000x6000", "cannot be decoded", "48 million pixels"))
    assert int(kilobytes) < 250_000


def test_jpeg_pictures_one_after_the_other_are_a_film(tmp_path: Path) -> None:
    """As rpicam-vid writes them; by its first bytes such a file is a single picture."""
    film = tmp_path / "film.MJPEG"
    ground = np.full((120, 160, 3), 90, np.uint8)
    pictures = [cv2.imencode(".jpg", ground + np.uint8(number))[1] for number in range(20)]
    film.write_bytes(b"".join(picture.tobytes() for picture in pictures))
    source = open_source(SourceConfig(uri=str(film)))
    shown = [frame.pixels.mean() for frame in iter(source.read, None)]
    source.close()
    assert len(shown) == 20 and np.all(np.diff(shown) > 0)


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (6, -1), (3, 2), (8, 1)])
def test_jpeg_pictures_of_a_film_may_carry_exif(
    tmp_path: Path, orientation: int, turns: int
) -> None:
    """FFmpeg hands it on, under a number that PyAV does not know."""
    scene = np.full((120, 160, 3), 90, np.uint8)
    scene[:40, :40] = 250
    picture = cv2.imencode(".jpg", scene)[1].tobytes()
    tag = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + tag + bytes(4)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    film = tmp_path / "film.mjpeg"
    film.write_bytes(picture * 3 + (picture[:2] + segment + picture[2:]) * 5)
    source = open_source(SourceConfig(uri=str(film)))
    shown = [frame.pixels for frame in iter(source.read, None)]
    source.close()
    assert len(shown) == 8
    for pixels, expected in ((shown[0], scene), (shown[-1], np.rot90(scene, turns))):
        assert pixels.shape == expected.shape
        assert np.abs(pixels.astype(int) - expected).mean() < 5


@pytest.mark.usefixtures("needs_ffmpeg")
def test_music_with_a_cover_is_no_film(tmp_path: Path) -> None:
    cover = make(tmp_path / "cover.jpg", "-frames:v 1")
    song = tmp_path / "song.mp3"
    words = f"-f lavfi -i sine=d=1 -i {cover} -map 0 -map 1 -disposition:v attached_pic {song}"
    subprocess.run(["ffmpeg", "-loglevel", "error", *words.split()], check=True)
    with pytest.raises(BadPicture):
        open_source(SourceConfig(uri=str(song)))
    sound = make(tmp_path / "sound.mp4", "-f mp4", "sine=d=1")
    with pytest.raises(BadPicture, match="holds no video"):
        open_source(SourceConfig(uri=str(sound)))
