"""Only whole JPEG pictures get through."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from edgefmnist.camera.decoding import jpeg
from edgefmnist.camera.decoding.jpeg_structure import DamagedPicture
from edgefmnist.camera.decoding.limits import CAMERA


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
