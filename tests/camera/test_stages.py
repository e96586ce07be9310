"""The stages of the camera's path are those of its own loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from edgefmnist.camera.stages import measure_stages
from edgefmnist.runtime.models import resolve


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield
    cv2.setNumThreads(before)


def test_stages_add_up_and_the_warm_up_is_left_out(small_model: Path, two_threads: None) -> None:
    told: list[tuple[int, int]] = []
    stages = measure_stages(
        resolve(str(small_model)), lambda done, total: told.append((done, total)), frames=12
    )
    assert told == [(i, 22) for i in range(1, 23)]
    assert stages.frames == 12
    parts = (stages.capture, stages.preprocess, stages.infer, stages.track)
    assert sum(part.share for part in parts) == pytest.approx(1, abs=0.01)
    assert stages.total.share == 1
    assert all(0 < part.p50_us <= stages.total.p95_us for part in parts)
    assert cv2.getNumThreads() == 2  # as it was
