"""The frames that wait for a label, and in which order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgefmnist.camera.labelling.kept import KeptFrames
from tests.camera.labelling.conftest import keep


def test_the_most_informative_come_first(frames: Path) -> None:
    assert KeptFrames(frames).list() == []
    sure = keep(frames, 1, score=0.9)
    doubtful = keep(frames, 2, score=0.15)
    strange = keep(frames, 3, score=0.9, known=0.2)
    asked_for = keep(frames, 4, score=0.99, why="kept")
    empty = keep(frames, 5)
    (frames / f"{empty}.json").write_text(json.dumps({"why": "changed", "top": [], "known": 0}))
    kept = KeptFrames(frames)
    assert [one.stem for one in kept.list()] == [asked_for, doubtful, strange, sure, empty]
    assert kept.list()[1].top[0] == ("Coat", 0.15) and kept.list()[1].known == 0.9
    (frames / f"{doubtful}.jpg").unlink()
    again = keep(frames, 6, score=0.12)
    assert [one.stem for one in kept.list()] == [asked_for, again, strange, sure, empty]


def test_a_frame_is_there_when_its_photo_is(frames: Path) -> None:
    """The camera writes that last."""
    stem = keep(frames, 1)
    photo = frames / f"{stem}.jpg"
    photo.rename(frames / "elsewhere")
    assert KeptFrames(frames).list() == []
    (frames / "elsewhere").rename(photo)
    (frames / f"{stem}.json").unlink()
    assert [one.stem for one in KeptFrames(frames).list()] == [stem]
    (frames / "holiday.jpg").write_text("not ours")
    (frames / "edgefmnist-00000009-20260131T120000Z.jpg").mkdir()
    assert len(KeptFrames(frames).list()) == 1


@pytest.mark.parametrize(
    "told",
    [
        *(b"", b"[]", b"\xff", b"[" * 50_000, b"x" * 70_000, b'{"top": 5, "known": "x"}'),
        b'{"top": [{"label": "a\\u001b[31m", "score": 0.5}], "known": 1e999}',
        b'{"top": [{"label": "Coat", "score": NaN}], "time": 5, "why": ["kept"]}',
        b'{"top": [{"label": "Coat", "score": true}], "known": -1}',
        b'{"top": [["Coat", 0.5]]}',
    ],
)
def test_a_record_may_say_anything(frames: Path, told: Any) -> None:
    stem = keep(frames, 1)
    (frames / f"{stem}.json").write_bytes(told)
    (one,) = KeptFrames(frames).list()
    assert (one.stem, one.top, one.known, one.time, one.why) == (stem, (), 0.0, "", "")
