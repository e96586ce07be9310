"""``demo``: a camera without hardware that knows the right answers; see `scenes`."""

from __future__ import annotations

import re
import time

import numpy as np

from edgefmnist.camera.sources.garments import load_garments
from edgefmnist.camera.sources.scenes import render, scenes
from edgefmnist.errors import UsageError
from edgefmnist.records import Frame


def open_demo(uri: str) -> DemoSource:
    """Open ``demo`` or ``demo:SEED``. Raises: UsageError where SEED is no whole number."""
    found = re.fullmatch(r"demo(?::(\d{1,18}))?", uri)
    if found is None:
        raise UsageError(f"--source {uri!r}: the seed must be a whole number, as in demo:7")
    return DemoSource(int(found[1] or 0))


class DemoSource:
    """Rendered scenes without end, each frame with its `true_label`; see `source.Source`."""

    live = False

    def __init__(self, seed: int) -> None:
        """Scenes drawn with `seed`."""
        self.name = f"demo:{seed}"
        self._random = np.random.default_rng(seed)
        self._scenes = scenes(self._random, load_garments())
        self._scene = next(self._scenes)
        self._left = self._scene.frames
        self._count = 0

    def read(self) -> Frame | None:
        """Render the next frame."""
        if self._left == 0:
            self._scene = next(self._scenes)
            self._left = self._scene.frames
        self._left -= 1
        pixels = render(self._scene, self._random)
        frame = Frame(
            pixels=pixels,
            captured_ns=time.monotonic_ns(),
            index=self._count,
            true_label=self._scene.label,
        )
        self._count += 1
        return frame

    def close(self) -> None:
        """Nothing to give back."""
