"""The Raspberry Pi camera: rpicam-vid as a child process that writes raw frames to a pipe.

OpenCV cannot open CSI cameras on libcamera systems, and picamera2 needs the system's Python;
rpicam-vid is there on every Raspberry Pi OS since Bookworm.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shutil
import subprocess
import tempfile
import time
from typing import IO

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.sources.opencv import cv2
from edgefmnist.errors import CameraUnavailable
from edgefmnist.records import Frame

WIDTH, HEIGHT, RATE = 640, 480, 30
_STRIDE_ALIGN = 64  # libcamera pads each row of YUV420 buffers to a multiple of this
_FIRST_FRAME_S = 10.0  # the camera's own start takes one to two seconds on a Pi Zero 2
_FRAME_S = 5.0
_STOP_S = 2.0


def rpicam_finds_camera() -> bool:
    """Whether rpicam-vid is installed and rpicam-hello lists at least one camera."""
    if shutil.which("rpicam-vid") is None or shutil.which("rpicam-hello") is None:
        return False
    try:
        listing = subprocess.run(
            ["rpicam-hello", "--list-cameras"], capture_output=True, text=True, timeout=15
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    # A camera's line reads: 0 : imx708 [4608x2592 10-bit RGGB] (/base/...)
    return re.search(r"^\s*\d+ : \S", listing.stdout + listing.stderr, re.MULTILINE) is not None


def command(width: int = WIDTH, height: int = HEIGHT, rate: int = RATE) -> list[str]:
    """Words of the rpicam-vid command: endless raw YUV420 frames on its stdout."""
    return [
        "rpicam-vid",
        "--nopreview",
        *("--verbose", "0"),
        *("--timeout", "0"),
        *("--width", str(width)),
        *("--height", str(height)),
        *("--framerate", str(rate)),
        *("--codec", "yuv420"),
        "--flush",
        *("--output", "-"),
    ]


def open_rpicam(width: int = WIDTH, height: int = HEIGHT) -> RpicamSource:
    """Start rpicam-vid. Raises: CameraUnavailable."""
    errors = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the child)
    try:
        child = subprocess.Popen(
            command(width, height),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            # Ctrl-C reaches the whole foreground group; only we decide when the child ends.
            start_new_session=True,
        )
    except OSError as error:
        errors.close()
        raise CameraUnavailable(f"rpicam-vid does not start: {error.strerror}") from error
    return RpicamSource(child, errors, width, height)


def i420_to_bgr(data: bytes | bytearray, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Raw YUV420 rows padded to the stride, as uint8 [height, width, 3] in B, G, R order.

    The chroma rows are padded to half the luma stride, so the buffer is an I420 picture as wide
    as the stride whose right edge is cut off after conversion.
    """
    stride = padded(width)
    planes = np.frombuffer(data, np.uint8).reshape(height * 3 // 2, stride)
    bgr = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)
    return np.ascontiguousarray(bgr[:, :width], dtype=np.uint8)


def padded(width: int) -> int:
    """Bytes in one luma row."""
    return -(-width // _STRIDE_ALIGN) * _STRIDE_ALIGN


class RpicamSource:
    """Frames of the Raspberry Pi camera; see `source.Source`."""

    live = True
    name = "Raspberry Pi camera"

    def __init__(
        self, child: subprocess.Popen[bytes], errors: IO[bytes], width: int, height: int
    ) -> None:
        """Take over a running `child` that writes frames to its stdout."""
        assert child.stdout is not None
        self._child = child
        self._errors = errors
        self._size = (width, height)
        self._pipe = child.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self._count = 0

    def read(self) -> Frame | None:
        """Wait for one whole frame. Raises: CameraUnavailable."""
        width, height = self._size
        data = bytearray(padded(width) * height * 3 // 2)
        deadline = time.monotonic() + (_FRAME_S if self._count else _FIRST_FRAME_S)
        view = memoryview(data)
        while view:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise CameraUnavailable(
                    f"rpicam-vid gave no frame for {_FRAME_S if self._count else _FIRST_FRAME_S:g}"
                    " s: check the camera's ribbon cable, then start again"
                )
            got = os.readv(self._pipe, [view])
            if got == 0:
                raise self._ended()
            view = view[got:]
        now = time.monotonic_ns()
        frame = Frame(pixels=i420_to_bgr(data, width, height), captured_ns=now, index=self._count)
        self._count += 1
        return frame

    def _ended(self) -> CameraUnavailable:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_STOP_S)
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        said = lines[-1].strip() if lines else f"exit code {self._child.returncode}"
        if "acquire" in said or "busy" in said.lower():
            return CameraUnavailable(
                f"the Raspberry Pi camera is busy ({said}): stop the program that has it, "
                "'ps -C rpicam-vid,rpicam-hello,python3' may show which"
            )
        return CameraUnavailable(
            f"rpicam-vid ended after {self._count} frames: {said}; "
            "'rpicam-hello --list-cameras' shows whether the camera is still there"
        )

    def close(self) -> None:
        """End the child process, gently first, and wait for it."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._selector.close()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._errors.close()
