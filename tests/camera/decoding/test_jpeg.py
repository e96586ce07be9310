"""Only whole JPEG pictures get through."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from edgefmnist.camera.decoding import jpeg
from edgefmnist.camera.decoding.jpeg import TooLarge
from edgefmnist.camera.decoding.jpeg_structure import DamagedPicture
from edgefmnist.camera.decoding.limits import CAMERA, STREAM


def decode(data: bytes) -> np.ndarray | None:
    """None where it is refused."""
    try:
        return jpeg.decode(data, CAMERA)
    except DamagedPicture:
        return None


def coded(**options: int) -> bytes:
    """A picture of cloud, so that its coded data is spread over all of it."""
    random = np.random.default_rng(0)
    cloud = cv2.GaussianBlur(random.integers(0, 255, (240, 320, 3), np.uint8), (0, 0), 3)
    stretched = cv2.normalize(cloud, None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[call-overload]
    flags = [word for pair in options.items() for word in (getattr(cv2, pair[0]), pair[1])]
    return cv2.imencode(".jpg", stretched, flags)[1].tobytes()


WHOLE = coded()
MIDDLE = len(WHOLE) // 2
END = b"\xff\xd9"


def test_a_whole_picture_is_what_opencv_makes_of_it() -> None:
    expected = cv2.imdecode(np.frombuffer(WHOLE, np.uint8), cv2.IMREAD_COLOR)
    for data in (WHOLE, WHOLE + b"\0" * 1000, WHOLE + b"\r\n"):  # cameras pad their buffers
        np.testing.assert_array_equal(decode(data), expected)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"no picture",
        WHOLE[:MIDDLE],
        WHOLE[:-3],
        WHOLE[:MIDDLE] + END,
        WHOLE[:MIDDLE] + WHOLE[MIDDLE + 900 :],
        WHOLE[:MIDDLE] + bytes(900) + WHOLE[MIDDLE + 900 :],
        WHOLE[1:],
        # The end marker of a thumbnail in the header is not that of the picture.
        WHOLE[:2] + b"\xff\xe1\x00\x06\xff\xda\xff\xd9" + WHOLE[2:MIDDLE],
    ],
)
def test_anything_missing_or_damaged_is_no_picture(data: bytes) -> None:
    decode(WHOLE)  # a decoder that keeps rows of the picture before would fill up with them
    assert decode(data) is None


def test_every_cut_is_noticed() -> None:
    for cut in range(0, len(WHOLE), 997):
        assert decode(WHOLE[:cut]) is None


def test_bytes_too_many_before_a_restart_marker_are_harmless() -> None:
    """As of Logitech's C270, C310 and C910 (opencv#9477)."""
    data = coded(IMWRITE_JPEG_RST_INTERVAL=40)
    at = data.index(b"\xff\xd0", data.index(b"\xff\xda"))
    expected = decode(data)
    assert expected is not None
    np.testing.assert_array_equal(decode(data[:at] + b"\1\2\3" + data[at:]), expected)


def test_libjpeg_stays_quiet_and_stderr_works_afterwards() -> None:
    script = (
        "import sys; from tests.camera.decoding.test_jpeg import *\n"
        "for _ in range(300): decode(WHOLE[:MIDDLE] + END)\n"
        "import os; print(len(os.listdir('/proc/self/fd')))\n"
        "print('still here', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == "still here\n"
    assert int(done.stdout) < 20  # no descriptor is left behind


FORMS = {
    "baseline": WHOLE,
    "optimized": coded(IMWRITE_JPEG_OPTIMIZE=1),
    "restarts": coded(IMWRITE_JPEG_RST_INTERVAL=20),
    "progressive": coded(IMWRITE_JPEG_PROGRESSIVE=1),
    "gray": cv2.imencode(".jpg", cv2.imdecode(np.frombuffer(WHOLE, np.uint8), 0))[1].tobytes(),
}


def scan_of(data: bytes) -> int:
    """Where its coded data begins."""
    at = data.index(b"\xff\xda")
    return at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    """`data` with one more segment before the others."""
    head = bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big")
    return data[:2] + head + body + data[2:]


@pytest.mark.parametrize("form", FORMS)
def test_quirks_of_encoders_cost_nothing(form: str) -> None:
    data = FORMS[form]
    expected = decode(data)
    assert expected is not None
    at = data.index(b"\xff\xdb")  # a table
    for odd in (
        data[:-2],  # no end marker
        data[:-1],
        data + data[MIDDLE:],  # the buffer still holds the end of another
        data[:-2] + bytes(3000) + END,
        data[:-2] + b"\xff" * 64 + END,
        data[:-2] + b"\x12\x34\x56" + END,
        data[:at] + b"\0\1\2" + data[at:],  # "extraneous bytes before marker 0xdb"
        data[:at] + b"\xff\xff\xff" + data[at:],
        data.replace(b"JFIF\0\1", b"JFIF\0\3", 1),  # "unknown JFIF revision number"
        with_segment(data, 0xFE, b"a comment with \xff\xd9 in it"),
        with_segment(data, 0xE5, bytes(9000)),
    ):
        found = decode(odd)
        assert found is not None
        np.testing.assert_array_equal(found, expected)


def test_scan_parameters_that_baseline_has_none_of() -> None:
    """libjpeg: "Invalid SOS parameters for sequential JPEG", at each frame of some webcams."""
    at = scan_of(WHOLE) - 3
    assert WHOLE[at : at + 3] == b"\0\x3f\0"
    for odd in (b"\0\0\0", b"\0\x3f\x10", b"\xff\xff\xff"):
        found = decode(WHOLE[:at] + odd + WHOLE[at + 3 :])
        np.testing.assert_array_equal(found, decode(WHOLE))


def test_motion_jpeg_without_its_huffman_tables() -> None:
    data, at = WHOLE, 0
    while (at := data.find(b"\xff\xc4")) >= 0:
        data = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    np.testing.assert_array_equal(decode(data), decode(WHOLE))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [512, 1024, 4096])
def test_a_lost_block_of_zeros_is_found_wherever_it_lies(form: str, size: int) -> None:
    data = FORMS[form]
    first = scan_of(data)
    for at in range(first, len(data) - size - 2, 463):
        assert decode(data[:at] + bytes(size) + data[at + size :]) is None, at
    for at in range(first, len(data) - size, 1543):  # written up to there, the rest set aside
        assert decode(data[:at] + bytes(len(data) - at)) is None, at


@pytest.mark.parametrize("form", FORMS)
def test_every_cut_of_every_form_is_noticed(form: str) -> None:
    data = FORMS[form]
    for cut in [*range(0, len(data) - 3, 997), len(data) - 3]:
        assert decode(data[:cut]) is None
        assert decode(data[:cut] + END) is None


def test_a_harmless_warning_hides_no_damage() -> None:
    """libjpeg prints its first warning alone."""
    data = FORMS["restarts"]
    at = data.index(b"\xff\xd0", scan_of(data))
    odd = data[:at] + b"\1\2\3" + data[at:]
    assert decode(odd) is not None
    after = len(odd) * 2 // 3
    for damaged in (
        odd[:after] + odd[after + 200 :],
        odd[:-60] + END,
        odd.replace(b"\xff\xd4", b"\xff\xd5", 1),
        odd.replace(b"\xff\xd4", b"", 1),
    ):
        assert decode(damaged) is None


@pytest.mark.parametrize(
    "data",
    [
        WHOLE.replace(b"\xff\xdb\0\x43\0", b"\xff\xdb\0\x43\0" + bytes(9), 1)[: len(WHOLE)],
        WHOLE[:2] + WHOLE,
        FORMS["progressive"][: FORMS["progressive"].rindex(b"\xff\xc4")] + END,
        FORMS["progressive"][: FORMS["progressive"].rindex(b"\xff\xc4")],
        with_segment(WHOLE, 0xDA, b"\1\1\0\0\x3f\0"),
        b"\xff\xd8" + b"\xff\xe0\xff\xff",
        b"\xff\xd8" + b"\xff" * 1000,
        b"\xff\xd8" + b"\xff\xd0" * 1000,
        b"\xff\xd8" + bytes(100_000),
    ],
)
def test_broken_headers(data: bytes) -> None:
    assert decode(data) is None


# How large


def declaring(width: int, height: int, data: bytes = WHOLE) -> bytes:
    """`data` with another size in its header."""
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return data[: at + 5] + size + data[at + 9 :]


def test_what_declares_too_much_is_refused_undecoded() -> None:
    for side in (12_000, 65_500):
        with pytest.raises(TooLarge, match=f"{side}x{side} pixels"):
            jpeg.decode(declaring(side, side), STREAM)
    # Held as coefficients, however small it is decoded.
    with pytest.raises(TooLarge, match="in 10 scans, which takes 108 MB"):
        jpeg.decode(declaring(6000, 6000, FORMS["progressive"]), STREAM)


def test_large_frames_of_the_network_are_decoded_smaller() -> None:
    for size, shape in (((2000, 2000), (2000, 2000, 3)), ((3000, 4000), (1500, 2000, 3))):
        pixels = cv2.resize(jpeg.decode(WHOLE, CAMERA), size[::-1])
        data = cv2.imencode(".jpg", pixels)[1].tobytes()
        assert jpeg.decode(data, STREAM).shape == shape
        assert jpeg.decode(data, CAMERA).shape[:2] == size
        with pytest.raises(DamagedPicture):
            jpeg.decode(data[: len(data) // 2] + END, STREAM)
