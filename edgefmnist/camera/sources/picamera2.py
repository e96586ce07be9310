"""The Raspberry Pi camera through picamera2, where the system's Python packages can be seen."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import logging
import os
import time
from typing import Any

import numpy as np

from edgefmnist.errors import CameraUnavailable, MissingDependency, UsageError
from edgefmnist.records import Frame

SIZE, FPS = (640, 480), 30.0
READ_TIMEOUT_S = 5.0

# Named by the order of its bits in a word: on little-endian machines the bytes lie as B, G, R
# (picamera2 manual, appendix A; picamera2#848, #1325).
_BGR_IN_MEMORY = "RGB888"


def list_cameras() -> list[tuple[int, str]]:
    """Number and model of each CSI camera; none where picamera2 is not installed or broken."""
    try:
        return _csi_cameras(_picamera2())
    except (MissingDependency, CameraUnavailable):
        return []


def open_picamera2(
    number: int = 0, size: tuple[int, int] | None = None, fps: float | None = None
) -> Picamera2Source:
    """Start camera `number`, by default at 640x480 and 30 fps.

    Raises: MissingDependency without picamera2; CameraUnavailable without such a camera, or where
    it is busy; UsageError where it gives no pictures of `size`.
    """
    picamera2 = _picamera2()
    if number not in [found for found, _ in _csi_cameras(picamera2)]:
        raise CameraUnavailable(
            f"picamera2 finds no camera {number}: check the ribbon cable and "
            "'rpicam-hello --list-cameras'"
        )
    try:
        camera = picamera2.Picamera2(number)
    except (RuntimeError, IndexError) as error:
        raise CameraUnavailable(
            f"the Raspberry Pi camera does not open ({error}), most likely because another program "
            "has it: 'ps -C rpicam-vid,rpicam-hello,python3' may show which"
        ) from error
    try:
        got = _start(camera, size or SIZE, fps or FPS)
        if size is not None and got != size:
            raise UsageError(
                f"camera {number} makes {got[0]}x{got[1]} of --size {size[0]}x{size[1]}: "
                "ask for that size"
            )
    except BaseException as error:
        _close(camera)
        if isinstance(error, RuntimeError):
            raise CameraUnavailable(f"the Raspberry Pi camera does not start: {error}") from error
        raise
    return Picamera2Source(camera, f"picamera2 camera {number} {got[0]}x{got[1]}", got, fps or FPS)


def _picamera2() -> Any:
    """The module. Raises: MissingDependency where it cannot be imported, and why."""
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    logging.getLogger("picamera2").setLevel(logging.CRITICAL)
    try:
        return importlib.import_module("picamera2")
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"picamera2 cannot be imported ({error}): 'sudo apt install python3-picamera2', and "
            "make the virtual environment with --system-site-packages; or use --source rpicam, "
            "which needs neither"
        ) from error
    except (ImportError, ValueError, AttributeError) as error:
        # Its parts are built against the system's NumPy, which ours may hide (numpy.dtype size).
        raise MissingDependency(
            f"picamera2 is installed but broken ({error}): use --source rpicam, which needs no "
            "Python packages"
        ) from error


def _csi_cameras(picamera2: Any) -> list[tuple[int, str]]:
    try:
        found = picamera2.Picamera2.global_camera_info()
    except RuntimeError as error:
        raise CameraUnavailable(f"libcamera does not start: {error}") from error
    # It lists USB cameras too, which V4L2 reads better.
    return [
        (int(one["Num"]), str(one.get("Model", "?")))
        for one in found
        if "/usb" not in str(one.get("Id", ""))
    ]


def _start(camera: Any, size: tuple[int, int], fps: float) -> tuple[int, int]:
    """Configure and start; the size that it then has."""
    camera.configure(
        camera.create_video_configuration(
            main={"size": size, "format": _BGR_IN_MEMORY},
            controls={"FrameRate": fps},
            queue=False,  # a kept frame would be stamped as new when it is fetched
        )
    )
    got = camera.camera_configuration()["main"]
    if got["format"] != _BGR_IN_MEMORY:
        raise CameraUnavailable(f"the Raspberry Pi camera gives {got['format']} only")
    camera.start()
    return int(got["size"][0]), int(got["size"][1])


def _close(camera: Any) -> None:
    with contextlib.suppress(Exception):  # it may have failed in any state
        camera.stop()
    with contextlib.suppress(Exception):
        camera.close()


class Picamera2Source:
    """Frames of the Raspberry Pi camera; see `source.Source`."""

    live = True

    def __init__(self, camera: Any, name: str, size: tuple[int, int], fps: float) -> None:
        """Take over a started Picamera2 whose main stream has `size`, at `fps` frames a second."""
        self.name = name
        self._camera = camera
        self._size = size
        self._wait_s = max(READ_TIMEOUT_S, 3 / fps)
        self._count = 0

    def read(self) -> Frame | None:
        """Wait for the next frame. Raises: CameraUnavailable."""
        width, height = self._size
        try:
            # Versions before 0.3.20 take any `wait` for "without end".
            got = self._camera.capture_array("main", wait=self._wait_s)
        except Exception as error:  # whatever picamera2 and libcamera throw
            raise CameraUnavailable(
                f"the Raspberry Pi camera stopped giving frames after {self._count} "
                f"({type(error).__name__} {error}): check its ribbon cable"
            ) from error
        now = time.monotonic_ns()
        # A copy of its own, without the padding that older versions leave at the right.
        pixels = np.array(got[:height, :width, :3], np.uint8, order="C")
        if pixels.shape != (height, width, 3):
            raise CameraUnavailable(f"the Raspberry Pi camera gave a frame of shape {got.shape}")
        self._count += 1
        return Frame(pixels=pixels, captured_ns=now, index=self._count - 1)

    def close(self) -> None:
        """Stop and give the camera back."""
        _close(self._camera)
