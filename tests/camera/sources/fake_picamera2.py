"""Picamera2 over a camera that is not there, by the rules of the real one.

A second one on the same camera raises, as does one on a camera that is not there; it must be
configured before it is started and started before it captures. Formats are named by the order of
bits in a word, so their bytes lie the other way round: RGB888 as B, G, R, XRGB8888 as B, G, R, X.
Rows are padded, which `capture_array` leaves in where the version is old.
"""

from __future__ import annotations

import types
from typing import Any, ClassVar

import numpy as np

BLUE, GREEN, RED = 10, 120, 230  # of every frame, but for the number of the frame in green
_CHANNELS = {
    "RGB888": "BGR",
    "BGR888": "RGB",
    "XRGB8888": "BGRX",
    "XBGR8888": "RGBX",
}
_PADDING = 32  # bytes


class Picamera2:
    """One opened camera."""

    cameras: ClassVar[list[dict[str, Any]]] = []
    owned: ClassVar[set[int]] = set()
    old: ClassVar[bool] = False
    stall_after: ClassVar[int] = 1000

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return Picamera2.cameras

    def __init__(self, camera_num: int = 0) -> None:
        if camera_num not in [camera["Num"] for camera in self.cameras]:
            raise IndexError("list index out of range")
        if camera_num in self.owned:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self._number = camera_num
        self.owned.add(camera_num)
        self._config: dict[str, Any] | None = None
        self._started = False
        self._count = 0

    def create_video_configuration(
        self, main: dict[str, Any], controls: dict[str, Any], queue: bool = True
    ) -> dict[str, Any]:
        return {"main": dict(main), "controls": controls, "queue": queue}

    def configure(self, config: dict[str, Any]) -> None:
        if self._started:
            raise RuntimeError("Camera must be stopped before configuring")
        main = config["main"]
        if main["format"] not in _CHANNELS:
            raise RuntimeError(f"Invalid format: {main['format']}")
        width, height = main["size"]
        main["size"] = (width - width % 2, height - height % 2)  # as libcamera adjusts it
        self._config = config

    def camera_configuration(self) -> dict[str, Any]:
        assert self._config is not None
        return self._config

    def start(self) -> None:
        if self._config is None:
            raise RuntimeError("Camera has not been configured")
        if self._started:
            raise RuntimeError("Camera already started")
        self._started = True

    def capture_array(self, name: str = "main", wait: Any = None) -> np.ndarray:
        if not self._started:
            raise RuntimeError("Camera is not started")
        if self._count >= self.stall_after:
            raise TimeoutError
        assert self._config is not None
        width, height = self._config[name]["size"]
        order = _CHANNELS[self._config[name]["format"]]
        colour = {"B": BLUE, "G": GREEN + self._count, "R": RED, "X": 255}
        self._count += 1
        pixels = np.empty((height, width, len(order)), np.uint8)
        pixels[:] = [colour[channel] for channel in order]
        if not self.old:
            return pixels
        return np.pad(pixels, ((0, 0), (0, _PADDING), (0, 0)), constant_values=77)

    def stop(self) -> None:
        self._started = False

    def close(self) -> None:
        self.stop()
        self.owned.discard(self._number)


def module() -> types.ModuleType:
    """What ``import picamera2`` gives."""
    found = types.ModuleType("picamera2")
    found.Picamera2 = Picamera2  # type: ignore[attr-defined]
    return found
