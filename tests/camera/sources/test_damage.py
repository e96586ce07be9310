"""Damaged video: what is lost is not given, what is given is whole."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.camera.source import Damaged, SourceConfig
from edgefmnist.camera.sources.opening import open_source
from tests.camera.conftest import Pixels
from tests.camera.sources.films import lossy, make
from tests.camera.sources.servers import byte_server, whole_frames

pytestmark = pytest.mark.usefixtures("needs_ffmpeg")
GOP = 15
CODINGS = {
    "h264": f"-c:v libx264 -preset veryfast -g {GOP} -bf 0 -pix_fmt yuv420p",
    "h264-b-frames": f"-c:v libx264 -preset veryfast -g {GOP} -bf 2 -pix_fmt yuv420p",
    "h264-open-gop": f"-c:v libx264 -g {GOP} -x264-params open-gop=1:slices=4 -pix_fmt yuv420p",
    "hevc": f"-c:v libx265 -preset veryfast -x265-params log-level=none:keyint={GOP}",
    "mpeg4": f"-c:v mpeg4 -q:v 4 -g {GOP}",
    "mpeg2": f"-c:v mpeg2video -q:v 4 -g {GOP} -bf 2",
}


def frames_of(path: Path) -> list[Pixels]:
    source = open_source(SourceConfig(uri=str(path)))
    frames = [frame.pixels for frame in whole_frames(source)]
    source.close()
    return frames


def is_one_of(pixels: Pixels, whole: list[Pixels]) -> bool:
    return any(np.array_equal(pixels, one) for one in whole)


@pytest.mark.parametrize("coding", CODINGS)
def test_frames_given_in_spite_of_lost_packets_are_all_whole(coding: str, tmp_path: Path) -> None:
    clean = make(tmp_path / "clean.ts", f"{CODINGS[coding]} -f mpegts")
    whole = frames_of(clean)
    assert len(whole) == 75
    torn = tmp_path / "torn.ts"
    torn.write_bytes(lossy(clean.read_bytes(), 0.25, 0.63, 0.65))
    found = frames_of(torn)
    assert GOP < len(found) < 75  # some are lost, and it came back after that
    assert all(is_one_of(pixels, whole) for pixels in found)


def test_live_stream_reports_each_loss_and_comes_back(tmp_path: Path) -> None:
    clean = make(tmp_path / "clean.ts", f"{CODINGS['h264']} -f mpegts")
    whole = frames_of(clean)
    with byte_server(lossy(clean.read_bytes(), 0.5)) as address:
        source = open_source(SourceConfig(uri=f"tcp://{address}"))
        events = []
        for _ in range(70):
            try:
                frame = source.read()
            except Damaged:
                events.append("damaged")
            else:
                assert frame is not None and is_one_of(frame.pixels, whole)
                events.append("whole")
        source.close()
    lost = events.count("damaged")
    assert 0 < lost <= 2 * GOP  # up to the next keyframe
    assert events[0] == events[-1] == "whole"


def test_stream_without_keyframes_comes_back_at_its_recovery_point(tmp_path: Path) -> None:
    """Intra refresh: each frame renews a column, and a message says when all are new."""
    clean = make(
        tmp_path / "clean.ts",
        f"-c:v libx264 -g {GOP} -bf 0 -x264-params intra-refresh=1 -pix_fmt yuv420p -f mpegts",
    )
    whole = frames_of(clean)
    torn = tmp_path / "torn.ts"
    torn.write_bytes(lossy(clean.read_bytes(), 0.33))
    found = frames_of(torn)
    assert all(is_one_of(pixels, whole) for pixels in found)
    assert np.array_equal(found[-1], whole[-1]) and len(found) < len(whole)


def test_film_that_begins_in_the_middle_gives_nothing_made_up(tmp_path: Path) -> None:
    clean = make(tmp_path / "clean.ts", f"{CODINGS['mpeg4']} -f mpegts")
    whole, data = frames_of(clean), clean.read_bytes()
    cut = tmp_path / "cut.ts"
    cut.write_bytes(data[: 3 * 188] + data[len(data) // 10 // 188 * 188 :])
    found = frames_of(cut)
    assert 75 - 2 * GOP <= len(found) < 75
    assert all(is_one_of(pixels, whole) for pixels in found)


def test_source_of_a_stream_can_be_closed_while_its_sender_is_silent(tmp_path: Path) -> None:
    data = make(tmp_path / "a.ts", f"{CODINGS['h264']} -f mpegts").read_bytes()
    over = threading.Event()
    with byte_server(data, stay=over) as address:
        source = open_source(SourceConfig(uri=f"tcp://{address}"))
        assert source.read() is not None
        source.close()
        source.close()
        over.set()
