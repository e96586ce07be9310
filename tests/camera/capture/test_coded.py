"""Coded streams under the watch of the supervisor."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.camera.events import State
from edgefmnist.camera.source import SourceConfig
from tests.camera.capture.conftest import Watched
from tests.camera.sources.films import make
from tests.camera.sources.servers import free_port

Start = Callable[..., Watched]
pytestmark = pytest.mark.usefixtures("needs_ffmpeg")


def test_still_scene_over_h264_is_not_called_frozen(tmp_path: Path, watched: Start) -> None:
    """An encoder skips what does not change: frames are byte for byte the same, for seconds."""
    film = make(
        tmp_path / "still.ts",
        "-c:v libx264 -preset veryfast -tune zerolatency -g 1000 -pix_fmt yuv420p -f mpegts",
        "smptebars=s=320x240:r=15:d=10",
    )
    port = free_port()
    sender = ["ffmpeg", "-loglevel", "quiet", "-re", "-i", str(film), "-c", "copy", "-f", "mpegts"]
    process = subprocess.Popen([*sender, f"tcp://127.0.0.1:{port}?listen=1"])
    try:
        run = watched(f"tcp://127.0.0.1:{port}", give_up_after_s=60)
        run.until_live()
        start = time.monotonic()
        run.until(lambda: time.monotonic() > start + 5, 30)
        live = run.states.index(State.LIVE)
        assert set(run.states[live:]) == {State.LIVE}
        pairs = zip(run.frames[:-1], run.frames[1:], strict=True)
        assert sum(np.array_equal(a.pixels, b.pixels) for a, b in pairs) > 30  # over two seconds
    finally:
        process.kill()
        process.wait()


def test_film_of_a_frame_every_three_seconds_plays_in_real_time(
    tmp_path: Path, watched: Start
) -> None:
    film = make(
        tmp_path / "slow.mp4",
        "-c:v libx264 -pix_fmt yuv420p -r 1/3",
        "testsrc2=s=160x120:r=25:d=1,select='lt(n,3)',setpts=N*3/TB",
    )
    run = watched(SourceConfig(uri=str(film), realtime=True))
    run.until(lambda: run.capture.ended, 60)
    assert [frame.index for frame in run.frames] == [0, 1, 2]
    gaps = np.diff([frame.captured_ns for frame in run.frames]) / 1e9
    assert gaps.min() > 2.5
    assert run.statuses[-1].restarts == 0
