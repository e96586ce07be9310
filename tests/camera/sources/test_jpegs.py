"""Pictures one after the other are split where they end."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgefmnist.camera.decoding.jpeg_structure import BEGINS
from edgefmnist.camera.sources.jpegs import Jpegs, has_picture
from edgefmnist.camera.sources.pieces import Ended, TooMuch

GRAIN = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def coded(*options: int) -> bytes:
    return cv2.imencode(".jpg", GRAIN, options)[1].tobytes()


def with_segment(picture: bytes, body: bytes, marker: int = 0xE1) -> bytes:
    """`picture` with one more segment after its start."""
    segment = bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
    return picture[:2] + segment + picture[2:]


PLAIN = coded()
KINDS = {
    "plain": PLAIN,
    "progressive": coded(cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts": coded(cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
    "thumbnail": with_segment(PLAIN, b"Exif\0\0" + PLAIN),
    "filled": PLAIN.replace(b"\xff\xda", b"\xff\xff\xff\xda", 1),
    "end in a comment": with_segment(PLAIN, b"\xff\xd9\xff\xd8\xff", 0xFE),
}


def parts(data: bytes, at_once: int) -> list[bytes]:
    """All pictures of `data`, which comes `at_once` bytes at a time."""
    pieces = iter([data[at : at + at_once] for at in range(0, len(data), at_once)])
    stream, found = Jpegs(lambda: next(pieces, b"")), []
    with pytest.raises(Ended):
        while True:
            found.append(stream.part())
    return found


@pytest.mark.parametrize("at_once", [1, 7, 1 << 16])
@pytest.mark.parametrize("kind", KINDS)
def test_each_comes_whole(kind: str, at_once: int) -> None:
    picture = KINDS[kind]
    assert parts(picture + PLAIN + picture, at_once) == [picture, PLAIN, picture]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_there_with_its_last_byte(kind: str) -> None:
    """No picture waits for the next to begin."""
    pieces = [KINDS[kind]]
    assert Jpegs(lambda: pieces.pop()).part() == KINDS[kind]


def test_what_lies_between_is_skipped() -> None:
    between = b"\xff\xd8 frame 2\r\n\0\0\xff"
    assert parts(between + PLAIN + between + PLAIN + between, 5) == [PLAIN, PLAIN]


def test_one_that_is_cut_ends_where_the_next_begins() -> None:
    assert parts(PLAIN[:-60] + PLAIN, 11) == [PLAIN[:-60], PLAIN]


def test_damage_costs_few_pictures() -> None:
    damaged = bytearray(PLAIN)
    damaged[4:6] = b"\xff\xff"  # a segment that seems to be longer than the picture
    found = parts(bytes(damaged) + 40 * PLAIN, 1000)
    assert found[-10:] == [PLAIN] * 10


@pytest.mark.parametrize(
    "data", [bytes(1 << 16), PLAIN[:-2] + bytes(1 << 16)], ids=["no picture", "no end"]
)
def test_what_never_ends_is_given_up(data: bytes) -> None:
    first = [data]
    stream = Jpegs(lambda: first.pop() if first else bytes(1 << 16))
    with pytest.raises(TooMuch, match="16 MB"):
        stream.part()


def test_a_picture_is_found_in_what_comes_before_it() -> None:
    for kind, picture in KINDS.items():
        for before in (b"", b"\r\n", PLAIN[300:], b"HTTP/1.0 200 OK\r\n\r\n", BEGINS * 9):
            assert has_picture(before + picture), kind


def test_other_data_hold_none() -> None:
    """Not by chance either: a megabyte has 16 places that begin like one."""
    noise = bytearray(np.random.default_rng(0).bytes(1 << 20))
    for at in range(0, len(noise) - 4, 1 << 16):
        noise[at : at + 4] = b"\xff\xd8\xff\xe0"
        noise[at + 4 : at + 6] = b"\x01\x00"
        noise[at + 4 + 256] = 0
    assert not has_picture(bytes(noise)) and not has_picture(b"\xff\xd8\xff\xe0")
