"""``demo``: a camera without hardware that knows the right answers; see `scenes`."""

from __future__ import annotations

import math
import re
import time

import numpy as np

from edgefmnist.camera.sources.garments import load_garments
from edgefmnist.camera.sources.pace import Pace, wait_until
from edgefmnist.camera.sources.scenes import Scene, fixed_scenes, render, scenes
from edgefmnist.errors import UsageError
from edgefmnist.records import Frame

_EMPTY_FRAMES = 60  # at the start of a fixed scene: enough to learn its background


_FPS = 10.0


def open_demo(uri: str, *, realtime: bool = False, fps: float | None = None) -> DemoSource:
    """Open ``demo``, ``demo:SEED``, ``demo:fixed`` or ``demo:fixed:SEED``.

    realtime: at `fps` frames a second, by default 10, as a camera would.

    Raises: UsageError where SEED is no whole number, or for `fps` without `realtime`.
    """
    if fps is not None and not realtime:
        raise UsageError(
            "--fps (EDGEFMNIST_FPS) sets the demo's speed only with --realtime: add that, or leave "
            "--fps out"
        )
    found = re.fullmatch(r"demo(:fixed)?(?::(\d{1,18}))?", uri)
    if found is None:
        raise UsageError(
            f"--source {uri!r}: the seed must be a whole number, as in demo:7 or demo:fixed:7"
        )
    period_s = 1 / (fps or _FPS) if realtime else None
    return DemoSource(int(found[2] or 0), fixed=found[1] is not None, period_s=period_s)


_FRAME_NS = round(1e9 / _FPS)
"""Between frames, whatever this machine takes for one: the same run announces the same labels."""


class DemoSource:
    """Rendered scenes without end, each frame with its `true_label`; see `source.Source`."""

    def __init__(self, seed: int, *, fixed: bool = False, period_s: float | None = None) -> None:
        """Scenes drawn with `seed`; fixed: all on one ground, at first an empty one.

        period_s: between frames of a live source; None: at once, with made-up times.
        """
        self.live = period_s is not None
        self._period_s = period_s
        self._pace = Pace(cut_s=math.inf)
        self.name = f"demo:fixed:{seed}" if fixed else f"demo:{seed}"
        self._random = np.random.default_rng(seed)
        garments = load_garments()
        if fixed:
            self._scenes = fixed_scenes(self._random, garments, _EMPTY_FRAMES)
        else:
            self._scenes = scenes(self._random, garments)
        self._scene: Scene | None = None
        self._left = 0
        self._count = 0
        self._began = time.monotonic_ns()

    def read(self) -> Frame | None:
        """Render the next frame."""
        scene = self._present()
        pixels = render(scene, self._random)
        captured_ns = self._began + self._count * _FRAME_NS
        if self._period_s is not None:
            wait_until(self._pace.due(self._count * self._period_s))
            captured_ns = time.monotonic_ns()
        frame = Frame(
            pixels=pixels,
            captured_ns=captured_ns,
            index=self._count,
            true_label=scene.label,
        )
        self._count += 1
        return frame

    def _present(self) -> Scene:
        """The scene of the next frame."""
        if self._scene is None or self._left == 0:
            self._scene = None  # its planes make room for those of the next
            self._scene = next(self._scenes)
            self._left = self._scene.frames
        self._left -= 1
        return self._scene

    def close(self) -> None:
        """Nothing to give back."""
