"""Learn a `Background` from frames of the empty scene."""

from __future__ import annotations

import collections

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.preprocess.background import Background, Plane, scaled, shrink_to, work_size

Pixels = npt.NDArray[np.uint8]

LEARN_FRAMES = 45
"""Frames in a row that must show a still scene: a second and a half at 30 a second."""

_STEP = 15  # frames after which stillness is looked at again: it takes some ten milliseconds
_MOVED = 15.0  # levels by which a pixel may leave its middle value while the scene counts as still
_MOVED_SHARE = 0.01  # share of the picture that may do so all the same: a clock, a leaf


class Learner:
    """Takes frames until the newest `LEARN_FRAMES` show a scene in which nothing moves."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.seen = 0
        self._frame_size = (0, 0)
        self._frames: collections.deque[Plane] = collections.deque(maxlen=LEARN_FRAMES)

    def add(self, pixels_bgr: Pixels) -> Background | None:
        """Take a frame, uint8 [height, width, 3] in B, G, R order; the background once learned."""
        size = (pixels_bgr.shape[1], pixels_bgr.shape[0])
        if size != self._frame_size:  # some cameras settle on their mode after the first frames
            self._frame_size = size
            self._frames.clear()
        self._frames.append(shrink_to(pixels_bgr, work_size(size)))
        self.seen += 1
        if len(self._frames) < LEARN_FRAMES or self.seen % _STEP:
            return None
        frames = at_one_exposure(np.stack(self._frames))
        middle = np.median(frames, axis=0)
        apart = np.abs(frames - middle).max(axis=3)
        if float((apart > _MOVED).mean(axis=(1, 2)).max()) > _MOVED_SHARE:
            return None
        return Background(
            frames.mean(axis=0, dtype=np.float32),
            frames.var(axis=0, dtype=np.float32).mean(axis=2, dtype=np.float32),
            self._frame_size,
        )


def at_one_exposure(frames: Plane) -> Plane:
    """Frames, float32 [n, h, w, 3], brought to the last one's mean level in each channel.

    A camera's exposure and white balance still settle in its first second.
    """
    levels = np.array([cv2.mean(frame)[:3] for frame in frames], np.float32)
    gains = levels[-1] / np.maximum(levels, 1)
    return np.stack([scaled(one, gain) for one, gain in zip(frames, gains, strict=True)])
