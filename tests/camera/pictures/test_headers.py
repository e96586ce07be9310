"""What a file declares is read before it is decoded: size, orientation, and what it would cost."""

from __future__ import annotations

import os
import random
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.pictures.headers import Unreadable, is_picture, read_header
from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.errors import BadPicture

KINDS = {
    ".jpg": "JPEG",
    ".png": "PNG",
    ".webp": "WebP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".tiff": "TIFF",
    ".avif": "AVIF",
    ".jp2": "JPEG 2000",
    ".pbm": "PBM",
    ".pgm": "PGM",
    ".ppm": "PPM",
}
HEIGHT, WIDTH = 80, 122


def corner_picture() -> np.ndarray:
    """Dark, bright in its upper left quarter."""
    pixels = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
    pixels[: HEIGHT // 2, : WIDTH // 2] = 250
    return pixels


def coded(suffix: str, *options: int) -> bytes:
    pixels = corner_picture()
    if suffix in (".pbm", ".pgm"):
        pixels = pixels[..., 0]
    try:
        done, data = cv2.imencode(suffix, pixels, list(options))
    except cv2.error:
        done = False
    if not done:
        pytest.skip(f"this OpenCV writes no {suffix}")
    return data.tobytes()


def bright_corner(pixels: np.ndarray) -> str:
    height, width = (side // 2 for side in pixels.shape[:2])
    parts = {
        "TL": pixels[:height, :width],
        "TR": pixels[:height, width:],
        "BL": pixels[height:, :width],
        "BR": pixels[height:, width:],
    }
    return max(parts, key=lambda name: float(parts[name].mean()))


@pytest.mark.parametrize("suffix", KINDS)
def test_kind_and_size_of_every_format(suffix: str, tmp_path: Path) -> None:
    data = coded(suffix)
    assert is_picture(data[:32])
    header = read_header(data)
    assert (header.kind, header.width, header.height) == (KINDS[suffix], WIDTH, HEIGHT)
    assert not header.animated and header.orientation == 1
    path = tmp_path / "named wrongly.txt"
    path.write_bytes(data)
    picture = read_picture(path)
    assert picture.full_size == (WIDTH, HEIGHT) and bright_corner(picture.pixels) == "TL"


@pytest.mark.parametrize("suffix", KINDS)
def test_whatever_is_missing_or_wrong_is_one_kind_of_error(suffix: str) -> None:
    data, rng = coded(suffix), random.Random(1)
    for cut in (*range(0, 300, 7), len(data) - 1):
        _try(data[:cut])
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 2, 8))):
            damaged[rng.randrange(min(len(data), 300))] = rng.choice((0, 1, 127, 128, 255))
        _try(bytes(damaged))


def _try(data: bytes) -> None:
    try:
        read_header(data)
    except Unreadable as error:
        assert str(error).startswith(("is ", "has "))


# Orientation.

UPRIGHT = {1: "TL", 2: "TR", 3: "BR", 4: "BL", 5: "TL", 6: "TR", 7: "BR", 8: "BL"}
"""Where the corner comes to lie that is stored upper left."""


def exif(orientation: int, order: str = "<") -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(order + "IH", 8, 1) + entry + bytes(4)


def turned_jpeg(orientation: int) -> bytes:
    data, block = coded(".jpg"), b"Exif\0\0" + exif(orientation, ">")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def turned_png(orientation: int, *, behind: bool = False) -> bytes:
    data, block = coded(".png"), b"eXIf" + exif(orientation)
    chunk = struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))
    at = len(data) - 12 if behind else 33  # before the end, or behind the first chunk
    return data[:at] + chunk + data[at:]


def turned_webp(orientation: int) -> bytes:
    data, block = coded(".webp"), exif(orientation)
    extended = struct.pack("<B3x", 8) + (WIDTH - 1).to_bytes(3, "little")
    extended += (HEIGHT - 1).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + extended + data[12:]
    body += b"EXIF" + struct.pack("<I", len(block)) + block + b"\0" * (len(block) % 2)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def turned_tiff(orientation: int) -> bytes:
    """Raw grey strips of a TIFF of ours."""
    pixels = corner_picture()[..., 0].tobytes()
    tags = [(256, WIDTH), (257, HEIGHT), (258, 8), (259, 1), (262, 1), (273, 8)]
    tags += [(274, orientation), (277, 1), (278, HEIGHT), (279, len(pixels))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    at = 8 + len(pixels)
    return b"II*\0" + struct.pack("<I", at) + pixels + struct.pack("<H", 10) + entries + bytes(4)


def turned_avif(orientation: int) -> bytes:
    """With the boxes irot and imir, which stand for what EXIF says elsewhere."""
    data = coded(".avif")
    turns = {1: "", 2: "L", 3: "2", 4: "T", 5: "1T", 6: "3", 7: "3T", 8: "1"}[orientation]
    boxes, at = b"", data.index(b"ipco")
    for turn in turns:
        name, value = (b"irot", int(turn)) if turn.isdigit() else (b"imir", int(turn == "L"))
        boxes += struct.pack(">I4sB", 9, name, value)
    length = struct.unpack(">I", data[at - 4 : at])[0]
    ipma = data.index(b"ipma")
    known = data[ipma + 14]  # associations of the only item: their count, then a byte each
    new_ipma = bytearray(data[ipma : ipma + 15 + known])
    first = 1 + sum(1 for _ in _boxes(data, at + 4, at - 4 + length))
    new_ipma[14] = known + len(turns)
    new_ipma += bytes(0x80 | (first + n) for n in range(len(turns)))
    added = len(boxes) + len(turns)
    out = bytearray(data[: at + length - 4] + boxes)
    out[at - 4 : at] = struct.pack(">I", length + len(boxes))
    out += struct.pack(">I", 8 + len(new_ipma) - 4) + new_ipma + data[ipma + 15 + known :]
    for name in (b"meta", b"iprp"):
        place = data.index(name) - 4
        out[place : place + 4] = struct.pack(">I", struct.unpack_from(">I", data, place)[0] + added)
    # Where the content of the item lies: the last four bytes but the length of its extent.
    iloc = data.index(b"iloc") + 4
    count = struct.unpack_from(">H", data, iloc + 6)[0]
    assert data[iloc] == 0 and data[iloc + 4] == 0x44 and count == 1
    place = iloc + 14
    out[place : place + 4] = struct.pack(">I", struct.unpack_from(">I", data, place)[0] + added)
    return bytes(out)


def _boxes(data: bytes, at: int, end: int):  # type: ignore[no-untyped-def]
    while at < end:
        yield at
        at += struct.unpack_from(">I", data, at)[0]


TURNED: dict[str, Callable[[int], bytes]] = {
    "a.jpg": turned_jpeg,
    "b.png": turned_png,
    "c.png": lambda orientation: turned_png(orientation, behind=True),
    "d.webp": turned_webp,
    "e.tiff": turned_tiff,
    "f.avif": turned_avif,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("name", TURNED)
def test_orientation_of_every_format_that_has_one(
    name: str, orientation: int, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(TURNED[name](orientation))
    picture = read_picture(path)
    size = (WIDTH, HEIGHT) if orientation < 5 else (HEIGHT, WIDTH)
    assert picture.full_size == size == picture.pixels.shape[1::-1]
    assert bright_corner(picture.pixels) == UPRIGHT[orientation]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_large_picture_is_turned_too_and_its_full_size_known(suffix: str, tmp_path: Path) -> None:
    pixels = cv2.resize(corner_picture(), (8001, 3003))
    data = cv2.imencode(suffix, pixels)[1].tobytes()
    block = b"Exif\0\0" + exif(6)
    if suffix == ".jpg":
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    else:
        chunk = b"eXIf" + block[6:]
        length = struct.pack(">I", len(chunk) - 4)
        data = data[:33] + length + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    picture = read_picture(path)
    assert picture.full_size == (3003, 8001)
    assert abs(picture.pixels.shape[0] - 2000) < 2 and abs(picture.pixels.shape[1] - 750) < 2
    assert bright_corner(picture.pixels) == "TR"


def test_colours_of_a_bitmap_with_an_unused_fourth_channel(tmp_path: Path) -> None:
    pixels = np.zeros((4, 6, 4), np.uint8)
    pixels[..., 0] = 200
    head = struct.pack("<IiiHHIIiiII", 40, 6, 4, 1, 32, 0, pixels.size, 1, 1, 0, 0)
    path = tmp_path / "a.bmp"
    path.write_bytes(b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head + pixels.tobytes())
    assert (read_picture(path).pixels == (200, 0, 0)).all()


# Bounds.


def tiff(*tags: tuple[int, int, int], big: bool = False) -> bytes:
    """A directory without a picture; tags: number, type (3 short, 4 long) and value."""
    if big:
        entries = b"".join(struct.pack("<HHQQ", tag, kind, 1, value) for tag, kind, value in tags)
        return b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, len(tags)) + entries + bytes(8)
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def png_header(width: int, height: int, bits: int, colour: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n\0\0\0\r"
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + bytes(4)
        + b"IEND"
    )


def jpeg_header(width: int, height: int, marker: int, scans: int = 1) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    scan = b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0"
    return b"\xff\xd8\xff" + bytes([marker]) + b"\0\x11" + frame + scan * scans + b"\xff\xd9"


def avif_of(coded_width: int, coded_height: int) -> bytes:
    """One that declares few pixels, while its AV1 sequence header has many."""

    def box(name: bytes, *content: bytes) -> bytes:
        body = b"".join(content)
        return struct.pack(">I", len(body) + 8) + name + body

    bits = "000" + "1" + "1" + "00000" + "1111" + "1111"
    bits += f"{coded_width - 1:016b}{coded_height - 1:016b}" + "0" * 16
    header = int(bits[: len(bits) // 8 * 8], 2).to_bytes(len(bits) // 8, "big")
    stream = b"\x12\0\x0a" + bytes([len(header)]) + header
    start = box(b"ftyp", b"avif\0\0\0\0avifmif1")
    ispe = box(b"ispe", bytes(4), struct.pack(">II", 64, 48))
    properties = box(
        b"iprp", box(b"ipco", ispe), box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 1))
    )

    def meta(place: int) -> bytes:
        iloc = box(b"iloc", struct.pack(">IHHHHHII", 0, 0x4400, 1, 1, 0, 1, place, len(stream)))
        return box(b"meta", bytes(4), box(b"pitm", struct.pack(">IH", 0, 1)), iloc, properties)

    return start + meta(len(start) + len(meta(0)) + 8) + box(b"mdat", stream)


BOMBS = {
    "gif": b"GIF89a"
    + struct.pack("<HHBBB", 65535, 6100, 0, 0, 0)
    + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
    "bmp": b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 19999, -19999, 1, 32, 0) + bytes(40),
    "os2 bmp": b"BM" + bytes(12) + struct.pack("<IHHHH", 12, 65535, 65535, 1, 24) + bytes(40),
    "ppm": b"P6 # a comment\n19999\n19999 65535\n" + bytes(50),
    "pbm": b"P4\n99999 99999\n" + bytes(50),
    "png": png_header(19999, 19999, 8, 2),
    "png of 16 bits and alpha": png_header(15000, 15000, 16, 6),
    "webp": b"RIFF\x30\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xfe\x3f\0\xfe\x3f\0" + bytes(30),
    "animated webp": b"RIFF\x30\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\xff\x1f\0\xff\x1f\0" + bytes(30),
    "tiff": tiff((256, 4, 19999), (257, 4, 19999), (258, 3, 16), (277, 3, 4)),
    "big tiff": tiff((256, 4, 19999), (257, 4, 19999), (258, 3, 8), (277, 3, 3), big=True),
    "tiff tile": tiff((256, 4, 64), (257, 4, 64), (322, 4, 60000), (323, 4, 60000)),
    "tiff with a second width": tiff((256, 4, 64), (257, 4, 9999), (256, 4, 65535)),
    "jpeg 2000": b"\xff\x4f\xff\x51\0\x2f\0\0"
    + struct.pack(">8IH", 19999, 19999, *(0,) * 6, 3)
    + b"\7\1\1" * 3,
    "jpeg": jpeg_header(65500, 65500, 0xC0),
    "progressive jpeg": jpeg_header(12000, 12000, 0xC2),
    "jpeg of very many scans": jpeg_header(4000, 3000, 0xC2, scans=200),
    "lossless jpeg": jpeg_header(12000, 12000, 0xC3),
    "avif": avif_of(16384, 16384),
}


def test_nothing_huge_is_decoded(tmp_path: Path) -> None:
    """All of them in one process, whose memory is looked at."""
    for name, data in BOMBS.items():
        (tmp_path / name).write_bytes(data)
    code = (
        "import re, sys; from pathlib import Path\n"
        "from edgefmnist.camera.pictures.reading import read_picture\n"
        "from edgefmnist.errors import BadPicture\n"
        "status = Path('/proc/self/status')\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s*(\\d+)', status.read_text())[1])\n"
        "before = peak()\n"
        "for path in sorted(Path(sys.argv[1]).iterdir()):\n"
        "    try: print('decoded', path.name)if read_picture(path) else None\n"
        "    except BadPicture as error: print(error)\n"
        "print((peak() - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    *lines, peak_mib = done.stdout.splitlines()
    assert len(lines) == len(BOMBS)
    for line, name in zip(lines, sorted(BOMBS), strict=True):
        assert line.startswith(str(tmp_path / name)), line
        assert re.search(r"million pixels|scans|rare kind", line), line
    assert int(peak_mib) < 20


@pytest.mark.parametrize("kind", [b"IDAT", b"PLTE", b"tEXt", b"eXIf", b"IEND"])
def test_a_png_that_declares_more_than_there_is_never_reaches_the_decoder(
    kind: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would ask for so much memory first."""
    data = cv2.imencode(".png", np.zeros((28, 28, 3), np.uint8))[1].tobytes()
    path = tmp_path / "a.png"
    path.write_bytes(data[:33] + struct.pack(">I", 1 << 30) + kind + data[37:])
    monkeypatch.setattr(cv2, "imdecode", None)
    with pytest.raises(BadPicture, match="damaged"):
        read_picture(path)


def test_the_largest_phone_photos_are_still_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(cv2.imencode(".jpg", np.full((12_240, 16_320), 90, np.uint8))[1].tobytes())
    picture = read_picture(path)
    assert picture.full_size == (16_320, 12_240) and picture.pixels.shape == (1530, 2040, 3)


# What is not decoded, and how it is named.


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heif-convert"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "heif-convert"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "raw file"),
        (b"FUJIFILMCCD-RAW 0201", "raw file"),
        (tiff((254, 4, 1), (256, 4, 160), (257, 4, 120)), "raw file"),
        (tiff((256, 4, 160), (257, 4, 120), (50706, 4, 1)), "raw file"),
        (tiff((256, 4, 160), (257, 4, 120), (258, 3, 32)), "16 bits"),
        (b"\0\0\0\x1cftypavis\0\0\0\0avifavis", "animated AVIF"),
        (b"\xff\x0a" + bytes(40), "djxl"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "want JPEG, PNG"),
        (b"%PDF-1.7", "want JPEG, PNG"),
        (b"PF\n64 64\n-1.0\n", "want JPEG, PNG"),
        (b"P6\n0 64\n255\n", "without pixels"),
    ],
)
def test_what_is_not_decoded_says_why(data: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "IMG_1.JPG"
    path.write_bytes(data)
    with pytest.raises(BadPicture, match=told) as caught:
        read_picture(path)
    assert "\n" not in str(caught.value) and "IMG_1.JPG" in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(BadPicture, match="pipe"):
        read_picture(tmp_path / "a.jpg")


def test_a_side_longer_than_jpeg_can_hold_is_made_shorter(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.zeros((70_000, 40, 3), np.uint8))
    picture = read_picture(path)
    assert picture.pixels.shape[0] < 65_000 and picture.full_size == (40, 70_000)
