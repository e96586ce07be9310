"""Still pictures of every kind come out as what a person sees in them."""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.errors import BadPicture


def written(path: Path, pixels: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), pixels)
    return path


def some_pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def pixels_of(path: Path) -> np.ndarray:
    return read_picture(path).pixels


def test_png_comes_back_exactly(tmp_path: Path) -> None:
    pixels = some_pixels(40, 60, 3)
    np.testing.assert_array_equal(pixels_of(written(tmp_path / "a.png", pixels)), pixels)


def test_one_pixel(tmp_path: Path) -> None:
    pixels = some_pixels(1, 1, 3)
    np.testing.assert_array_equal(pixels_of(written(tmp_path / "a.png", pixels)), pixels)


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    grey = some_pixels(40, 60)
    picture = pixels_of(written(tmp_path / "a.png", grey))
    np.testing.assert_array_equal(picture, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("white", [1, 15, 100, 255, 256, 1023, 4095, 65535])
@pytest.mark.parametrize("kind", [b"P2", b"P3", b"P5", b"P6"])
def test_white_of_a_portable_bitmap_is_what_its_header_says(
    tmp_path: Path, kind: bytes, white: int
) -> None:
    samples = np.linspace(0, white, 40 * 60).round().astype(int).reshape(40, 60)
    stored = samples if kind in (b"P2", b"P5") else np.repeat(samples, 3, axis=1)
    if kind in (b"P2", b"P3"):
        body = "\n".join(" ".join(map(str, row)) for row in stored).encode()
    else:
        body = stored.astype(">u2" if white > 255 else np.uint8).tobytes()
    path = tmp_path / "a.ppm"
    path.write_bytes(kind + b"\n60 40\n%d\n" % white + body)
    expected = np.repeat((samples * 255 / white)[..., None], 3, axis=2)
    assert np.abs(pixels_of(path) - expected).max() <= 1


def test_a_portable_bitmap_whose_pixels_begin_with_a_comment_is_refused(tmp_path: Path) -> None:
    """OpenCV would take the comment for pixels."""
    path = tmp_path / "a.ppm"
    path.write_bytes(b"P6\n40 30\n255# ours\n" + some_pixels(30, 40, 3).tobytes())
    with pytest.raises(BadPicture, match="comment"):
        read_picture(path)


@pytest.mark.parametrize("orientation", [0, 9])
def test_a_turn_that_a_tiff_file_cannot_mean_is_none(tmp_path: Path, orientation: int) -> None:
    pixels = some_pixels(40, 60, 3)
    path = written(tmp_path / "a.tiff", pixels)
    data = bytearray(path.read_bytes())
    directory = struct.unpack_from("<I", data, 4)[0]
    (count,) = struct.unpack_from("<H", data, directory)
    tags = [bytes(data[directory + 2 + 12 * n : directory + 14 + 12 * n]) for n in range(count)]
    tags = [tag for tag in tags if tag[:2] != struct.pack("<H", 274)]
    tags.append(struct.pack("<HHIHH", 274, 3, 1, orientation, 0))
    tags.sort(key=lambda tag: struct.unpack_from("<H", tag)[0])
    struct.pack_into("<I", data, 4, len(data))
    data += struct.pack("<H", len(tags)) + b"".join(tags) + bytes(4)
    path.write_bytes(data)
    np.testing.assert_array_equal(pixels_of(path), pixels)


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_become_the_upper_eight(
    tmp_path: Path, channels: tuple[int, ...], suffix: str
) -> None:
    eight = some_pixels(40, 60, *channels)
    picture = pixels_of(written(tmp_path / f"a{suffix}", eight.astype(np.uint16) * 257))
    expected = eight if channels else np.repeat(eight[..., None], 3, axis=2)
    assert np.abs(picture.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_transparent_parts_are_white_paper(tmp_path: Path, depth: type) -> None:
    full = np.iinfo(depth).max
    pixels = np.zeros((40, 60, 4), depth)
    pixels[10:30, 10:50] = (full // 5, full // 5, full // 2, full)
    picture = pixels_of(written(tmp_path / "a.png", pixels))
    assert (picture[:5] == 255).all()
    assert np.abs(picture[20, 30].astype(int) - (51, 51, 127)).max() <= 1


def test_near_white_cut_out_does_not_vanish_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((40, 60, 4), np.uint8)
    pixels[10:30, 10:50] = 250
    pixels[10:30, 10:50, 3] = 255
    picture = pixels_of(written(tmp_path / "a.png", pixels))
    assert picture[20, 30].min() == 250
    assert picture[0, 0].max() < 80


def huge(path: Path) -> Path:
    """A 12,000x9,000 picture: a dark square in the middle of white."""
    pixels = np.full((9000, 12000, 3), 255, np.uint8)
    pixels[3000:6000, 4500:7500] = 40
    return written(path, pixels)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_12000_by_9000_is_read_in_bounded_memory(tmp_path: Path, suffix: str) -> None:
    path = huge(tmp_path / f"huge{suffix}")
    code = (
        "import re, sys; from pathlib import Path;"
        "from edgefmnist.camera.pictures.reading import read_picture;"
        "p = read_picture(Path(sys.argv[1])).pixels;"
        "print(*p.shape, p[p.shape[0] // 2, p.shape[1] // 2, 0], p[0, 0, 0],"
        # Not ru_maxrss: a child starts with its parent's.
        "int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    height, width, _, middle, corner, peak_mib = map(int, done.stdout.split())
    assert width / height == pytest.approx(4 / 3, rel=0.01)
    assert 640 <= width <= 3000
    assert abs(middle - 40) < 5 and corner > 250
    # A JPEG never exists at full size; a PNG does once, as 309 MiB.
    assert peak_mib < (200 if suffix == ".jpg" else 550)


def test_declared_size_of_a_bomb_is_refused_before_decoding(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + bytes(4)
        + b"IEND"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadPicture, match="3600 million pixels"):
        read_picture(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


NOT_PICTURES = {
    "text.jpg": b"this is no picture",
    "empty.png": b"",
    "half.jpg": None,
    "half.png": None,
    "zeros.webp": bytes(1000),
}


@pytest.mark.parametrize("name", NOT_PICTURES)
def test_what_is_no_picture_exits_5_with_exactly_one_line(
    tmp_path: Path,
    name: str,
    small_model: Path,
    run_cli: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    path = tmp_path / name
    data = NOT_PICTURES[name]
    if data is None:
        whole = written(tmp_path / f"whole{path.suffix}", some_pixels(100, 100, 3)).read_bytes()
        data = whole[: len(whole) // 2]
    path.write_bytes(data)
    done = run_cli("predict", "--model", str(small_model), "--jsonl", str(path))
    assert done.returncode == 5
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and name in done.stderr


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match="No such file"):
        read_picture(tmp_path / "gone.jpg")
    with pytest.raises(BadPicture, match="it is a folder"):
        read_picture(tmp_path)
