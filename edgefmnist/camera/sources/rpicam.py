"""The Raspberry Pi camera: rpicam-vid as a child process that writes raw frames to a pipe.

OpenCV cannot open CSI cameras on libcamera systems, and picamera2 needs the system's Python;
rpicam-vid is there on every Raspberry Pi OS since Bookworm.

The child stays in our process group, so whoever kills that group ends it too. Left alone it ends
at its next frame, which nobody reads.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import subprocess
import threading
import time
from typing import IO

import numpy as np
import numpy.typing as npt

from edgefmnist import children
from edgefmnist.camera.sources.opencv import cv2
from edgefmnist.camera.sources.rpicam_listing import CsiCamera, parse_listing
from edgefmnist.errors import CameraUnavailable, MissingDependency, UsageError
from edgefmnist.records import Frame

SIZE, FPS = (640, 480), 30.0
_ALIGN = 128  # of a width at which rows are padded on no model; see `_check_size`
_FIRST_FRAME_S = 10.0  # the camera's own start takes one to two seconds on a Pi Zero 2
_FRAME_S = 5.0  # at 30 frames a second; slower ones have three of their frames
_STOP_S = 2.0
_WORDS_BYTES = 4096


def is_installed() -> bool:
    """Whether rpicam-apps are."""
    return shutil.which("rpicam-vid") is not None and shutil.which("rpicam-hello") is not None


def list_cameras() -> list[CsiCamera]:
    """The cameras that rpicam-hello finds; none where rpicam-apps are not installed."""
    if not is_installed():
        return []
    try:
        listing = subprocess.run(
            ["rpicam-hello", "--list-cameras"],
            env=children.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=15,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parse_listing(listing.stdout + listing.stderr)


def command(number: int, size: tuple[int, int], fps: float) -> list[str]:
    """Words of the rpicam-vid command: endless raw YUV420 frames on its stdout."""
    return [
        "rpicam-vid",
        "--nopreview",
        *("--verbose", "0"),
        *("--timeout", "0"),
        *("--camera", str(number)),
        *("--width", str(size[0])),
        *("--height", str(size[1])),
        *("--framerate", f"{fps:g}"),
        *("--codec", "yuv420"),
        "--flush",
        *("--output", "-"),
    ]


def open_rpicam(
    number: int = 0, size: tuple[int, int] | None = None, fps: float | None = None
) -> RpicamSource:
    """Start rpicam-vid for camera `number`, by default at 640x480 and 30 fps.

    Raises: CameraUnavailable; MissingDependency where it is not installed; UsageError for a `size`
    whose rows it would pad.
    """
    size = size or SIZE
    _check_size(size)
    try:
        child = subprocess.Popen(
            command(number, size, fps or FPS),
            env=children.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
    except FileNotFoundError as error:
        raise MissingDependency(
            "rpicam-vid is not installed: 'sudo apt install rpicam-apps-lite'"
        ) from error
    except OSError as error:
        raise CameraUnavailable(f"rpicam-vid does not start: {error.strerror}") from error
    return RpicamSource(child, size, number, fps or FPS)


def _check_size(size: tuple[int, int]) -> None:
    """Take only sizes whose frames look the same from every model.

    libcamera pads rows of YUV420 to 64 bytes up to the Pi 4, and to 64 in the half as wide chroma
    planes, hence 128, on the Pi 5 (computeOptimalStride in its pisp pipeline). The pipe does not
    tell which; a wrong guess shears the picture.
    """
    width, height = size
    if width % _ALIGN or height % 2:
        near = max(_ALIGN, round(width / _ALIGN) * _ALIGN), height + height % 2
        raise UsageError(
            f"--size {width}x{height}: rpicam-vid needs a width that {_ALIGN} divides and an even "
            f"height, such as {near[0]}x{near[1]}"
        )


def i420_to_bgr(data: bytes | bytearray, width: int, height: int) -> npt.NDArray[np.uint8]:
    """A raw YUV420 frame as uint8 [height, width, 3] in B, G, R order."""
    planes = np.frombuffer(data, np.uint8).reshape(height * 3 // 2, width)
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420), np.uint8)


class RpicamSource:
    """Frames of the Raspberry Pi camera; see `source.Source`."""

    live = True

    def __init__(
        self, child: subprocess.Popen[bytes], size: tuple[int, int], number: int, fps: float
    ) -> None:
        """Take over a running `child` that writes `fps` frames of `size` a second to its stdout."""
        assert child.stdout is not None and child.stderr is not None
        self.name = f"Raspberry Pi camera {number} {size[0]}x{size[1]}"
        self._child = child
        self._words = _LastWords(child.stderr)
        self._size = size
        self._frame_s = max(_FRAME_S, 3 / fps)
        self._pipe = child.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self._count = 0

    def read(self) -> Frame | None:
        """Wait for one whole frame. Raises: CameraUnavailable."""
        width, height = self._size
        data = bytearray(width * height * 3 // 2)
        longest_s = self._frame_s if self._count else max(_FIRST_FRAME_S, self._frame_s)
        deadline = time.monotonic() + longest_s
        view = memoryview(data)
        while view:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise CameraUnavailable(
                    f"rpicam-vid gave no frame for {longest_s:g} s: check the camera's ribbon cable"
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
        lines = self._words.lines()
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


class _LastWords:
    """The end of what a program writes to a pipe for months, read so that it never has to wait.

    Not a file: where the disk is full, the camera shall start all the same.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        """Read `pipe` from now on until its end, and close it."""
        self._tail = b""
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def lines(self) -> list[str]:
        """The last lines, after the program ended."""
        self._thread.join(_STOP_S)  # longer only where it left another program behind
        return self._tail.decode(errors="replace").strip().splitlines()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            while more := os.read(pipe.fileno(), _WORDS_BYTES):
                self._tail = (self._tail + more)[-_WORDS_BYTES:]
