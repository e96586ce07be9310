"""Frames kept for the next training."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.events import State
from edgefmnist.camera.pictures.finding import read_finding
from edgefmnist.camera.sinks.frame_store import FrameStore, InUse
from edgefmnist.camera.sinks.uncertain import Sampler, SavedFrames, is_uncertain, open_uncertain
from edgefmnist.camera.sinks.worker import Worker
from edgefmnist.errors import CannotWrite, UsageError
from edgefmnist.records import LABELS
from tests.camera.outputs.conftest import event, status, wait_for
from tests.conftest import RunCli

LIMIT = 1_000_000
DAY_S = 86_400
NOON, EARLIER = "2026-01-31T12:00:00.123Z", "2025-12-31T23:59:59.999Z"


def stems(folder: Path) -> list[str]:
    return sorted({file.stem for file in folder.iterdir()})


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("edgefmnist-*"))


# The whole way, and what is in the files.


def test_every_change_is_kept_with_what_came_of_it(tmp_path: Path, run_cli: RunCli) -> None:
    folder = tmp_path / "frames"
    words = ("camera", "--source", "demo:5", "--frames", "60", "--jsonl")
    done = run_cli(*words, "--save-uncertain", folder)
    assert done.returncode == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    labels = [row for row in rows if row["event"] == "label"]
    sidecars = [json.loads((folder / f"{stem}.json").read_text()) for stem in stems(folder)]
    changed = [sidecar for sidecar in sidecars if sidecar["why"] == "changed"]
    assert [one["frame"] for one in changed] == [one["frame"] for one in labels]
    assert [one["previous"] for one in changed] == [None, *[one["announced"] for one in labels]][
        : len(labels)
    ]
    for row, sidecar in zip(labels, changed, strict=True):
        same = ("announced", "label", "score", "known", "unknown", "top", "box")
        assert [sidecar[key] for key in same] == [row[key] for key in same]
    for stem, sidecar in zip(stems(folder), sidecars, strict=True):
        pixels = cv2.imread(str(folder / f"{stem}.jpg"))
        assert pixels is not None and pixels.shape == (480, 640, 3)
        assert sidecar["camera"] == "live" and sidecar["time"].endswith("Z")
        if sidecar["box"] is None:
            assert not (folder / f"{stem}.png").exists()
        else:
            picture = cv2.imread(str(folder / f"{stem}.png"), cv2.IMREAD_UNCHANGED)
            assert picture is not None and picture.shape == (28, 28) and picture.max() > 0
            found = read_finding(folder / f"{stem}.jpg")
            assert found is not None and found.outlines
            np.testing.assert_array_equal(found.picture, picture)
    # What is kept is what `predict` reads: the material for the next training.
    again = run_cli("predict", "--jsonl", *sorted(folder.glob("*.jpg")))
    answers = [json.loads(line)["label"] for line in again.stdout.splitlines()]
    assert answers == [sidecar["label"] for sidecar in sidecars]


def test_limit_and_folder_are_checked_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite):
        open_uncertain(tmp_path / "file", LIMIT)
    with pytest.raises(UsageError, match="1MB or more"):
        open_uncertain(tmp_path / "frames", LIMIT - 1)


# Which frames.


def test_uncertain_is_a_garment_that_the_model_does_not_stand_by() -> None:
    assert is_uncertain(event(score=0.5))
    assert is_uncertain(event(unknown=True, known=0.2))
    assert not is_uncertain(event())
    assert not is_uncertain(event("unknown", garment=False))  # an empty scene


def test_empty_scene_is_never_kept_and_one_that_stays_ever_less() -> None:
    sampler = Sampler()
    empty, doubtful = event("unknown", garment=False), event(score=0.5)
    assert not any(Sampler().why(empty, float(second)) for second in range(0, DAY_S, 7))
    kept = [second for second in range(DAY_S) if sampler.why(doubtful, float(second))]
    gaps = [later - earlier for earlier, later in itertools.pairwise(kept)]
    assert gaps[:7] == [10, 20, 40, 80, 160, 320, 600]
    assert set(gaps[7:]) == {600}
    assert sampler.why(event("Coat", score=0.5), float(DAY_S))  # another label: at once
    # After a change the label is of interest again.
    assert sampler.why(event(changed=True), DAY_S + 1.0) == "changed"
    assert sampler.why(doubtful, DAY_S + 11.0) == "uncertain"


def test_even_the_worst_day_is_bounded_and_changes_come_first() -> None:
    sampler = Sampler()
    whys = [sampler.why(event(changed=True), 0.0) for _ in range(40)]
    assert whys == ["changed"] * 30 + [None] * 10
    assert sampler.why(event(score=0.5), 100.0) is None  # five saved up: for changes
    assert sampler.why(event(changed=True), 100.0) == "changed"
    labels = [event(LABELS[second % 10], changed=True) for second in range(10)]
    day = [sampler.why(labels[second % 10], 100.0 + second) for second in range(DAY_S)]
    assert 4_300 < sum(why is not None for why in day) < 4_400


# The folder.


def group(size_bytes: int) -> dict[str, bytes]:
    return {".jpg": b"x" * (size_bytes - 20), ".png": b"x" * 10, ".json": b"x" * 10}


def test_oldest_go_first_whatever_the_clock_says(tmp_path: Path) -> None:
    store = FrameStore(tmp_path, 1000)
    (tmp_path / "notes.txt").write_text("mine" * 1000)
    (tmp_path / "edgefmnist-holiday.jpg").write_text("mine, too" * 1000)
    for count, moment in enumerate((NOON, NOON, EARLIER, NOON, EARLIER)):
        store.add(group(300), moment)
        ours = [stem for stem in stems(tmp_path) if stem[11:12].isdigit()]
        assert len(ours) == min(count + 1, 3)
        assert ours[-1].startswith(f"edgefmnist-{count:08}-")
    assert (tmp_path / "notes.txt").exists() and (tmp_path / "edgefmnist-holiday.jpg").exists()
    names = [stem for stem in stems(tmp_path) if stem[11:12].isdigit()]
    assert names[0] == "edgefmnist-00000002-20251231T235959Z"


def test_next_run_takes_in_what_is_there(tmp_path: Path) -> None:
    store = FrameStore(tmp_path, 10_000)
    for _ in range(5):
        store.add(group(1000), NOON)
    scratch = tmp_path / ".edgefmnist-00000005-20260131T120000Z.123.part.jpg"
    scratch.write_text("of a run that was killed")
    other = tmp_path / ".hidden.part.jpg"
    other.write_text("mine")
    (tmp_path / "edgefmnist-00000003-20260131T120000Z.json").unlink()  # killed between files
    store.close()
    again = FrameStore(tmp_path, 3000)
    assert not scratch.exists() and other.exists()
    again.add(group(1000), EARLIER)
    assert size_of(tmp_path) <= 3000
    numbers = [stem[11:19] for stem in stems(tmp_path) if stem.startswith("edgefmnist")]
    assert numbers == ["00000003", "00000004", "00000005"]


def test_files_that_others_delete_and_a_frame_too_large(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    store = FrameStore(tmp_path / "frames", 1000)
    store.add(group(400), NOON)
    for file in (tmp_path / "frames").iterdir():
        file.unlink()
    (tmp_path / "frames").rmdir()
    for _ in range(3):
        store.add(group(400), NOON)
    assert len(stems(tmp_path / "frames")) == 2
    with pytest.raises(OSError, match="over --save-limit"):
        store.add(group(1001), NOON)
    assert len(stems(tmp_path / "frames")) == 2


def test_folder_that_fails_is_told_until_it_works_again(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    sink = open_uncertain(folder, LIMIT)
    sink.on_status(status(State.LIVE))
    folder.rmdir()
    folder.write_text("in the way")

    def fails() -> bool:
        try:
            sink.on_event(event(frame=1))
        except OSError:
            return True
        return False

    sink.on_event(event(frame=0, changed=True))
    wait_for(fails)
    with pytest.raises(OSError):
        sink.on_status(status(State.STALE))
    folder.unlink()
    with pytest.raises(OSError):
        sink.on_event(event("Coat", frame=2, changed=True))
    wait_for(lambda: not fails())
    sink.close()
    assert json.loads(next(folder.glob("*.json")).read_text())["frame"] == 2
    assert len(stems(folder)) == 1


def test_disk_that_is_too_slow_drops_and_never_waits() -> None:
    go, done = threading.Event(), []

    def work(item: int) -> None:
        assert go.wait(60)
        done.append(item)

    worker = Worker(work, 4, "slow")
    for item in range(20):
        worker.give(item)
    worker.close(0.0)  # a disk that hangs does not keep the program either
    assert worker.dropped >= 15
    go.set()
    wait_for(lambda: len(done) >= 4)
    assert done[:4] == [0, 1, 2, 3]


# What others put into the folder.


def test_links_folders_and_odd_names_are_neither_counted_nor_touched(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "frames", tmp_path / "precious.jpg"
    folder.mkdir()
    elsewhere.write_bytes(b"mine" * 1000)
    stem = "edgefmnist-{:08}-20260131T120000Z"
    (folder / f"{stem.format(0)}.jpg").symlink_to(elsewhere)
    (folder / f"{stem.format(1)}.png").mkdir()
    (folder / f"{stem.format(2)}.json").symlink_to(tmp_path / "gone")
    (folder / f".{stem.format(3)}.1.part.jpg").mkdir()
    os.mkfifo(folder / f"{stem.format(4)}.jpg")
    odd = ["edgefmnist-\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668-20260131T120000Z.jpg"]
    odd += [
        f"{stem.format(5)}.jpg.bak",
        f"{stem.format(6)}.JPG",
        os.fsdecode(b"edgefmnist-\xff.jpg"),
    ]
    for name in odd:
        (folder / name).write_bytes(b"mine" * 1000)
    before = sorted(path.name for path in folder.iterdir())
    store = FrameStore(folder, 1000)
    for _ in range(8):
        store.add(group(300), NOON)
    names = {path.name for path in folder.iterdir()}
    assert names >= set(before) and len(names - set(before)) == 9  # three groups of three
    assert elsewhere.read_bytes() == b"mine" * 1000
    assert sorted(names - set(before))[0].startswith("edgefmnist-00000010-")  # 5 to 9 made room


def test_numbers_of_any_length_count(tmp_path: Path) -> None:
    (tmp_path / "edgefmnist-99999999-20260131T120000Z.jpg").write_bytes(b"x" * 900)
    store = FrameStore(tmp_path, 1000)
    for _ in range(5):
        store.add(group(300), NOON)
    assert size_of(tmp_path) <= 1000
    store.close()
    again = FrameStore(tmp_path, 1000)
    again.add(group(300), NOON)
    assert size_of(tmp_path) <= 1000
    (tmp_path / f"edgefmnist-{'9' * 18}-20260131T120000Z.jpg").write_bytes(b"x")
    again.close()
    with pytest.raises(OSError, match="move that file away"):
        FrameStore(tmp_path, 1000).add(group(300), NOON)


def test_a_second_process_is_refused(tmp_path: Path, run_cli: RunCli) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    first = FrameStore(folder, 1000)
    words = ("camera", "--source", "demo", "--frames", "2", "--jsonl", "--save-uncertain")
    done = run_cli(*words, folder)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "another process keeps frames there" in done.stderr
    assert list(folder.iterdir()) == []
    first.close()
    assert run_cli(*words, folder).returncode == 0


def test_a_folder_made_anew_is_locked_and_counted_anew(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    store = FrameStore(folder, 1000)
    store.add(group(300), NOON)
    folder.rename(tmp_path / "taken away")
    store.add(group(300), NOON)
    with pytest.raises(InUse):
        FrameStore(folder, 1000)
    FrameStore(tmp_path / "taken away", 1000).close()  # nobody has that any more
    (folder / "edgefmnist-00000007-20260131T120000Z.jpg").write_bytes(b"x" * 900)
    store.close()
    for _ in range(3):
        store.add(group(300), NOON)
    assert size_of(folder) <= 1000


def test_what_cannot_be_deleted_does_not_keep_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FrameStore(tmp_path, 1000)
    for _ in range(3):
        store.add(group(300), NOON)
    stuck, unlink = stems(tmp_path)[0], Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.stem == stuck:
            raise PermissionError(1, "Operation not permitted")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    for _ in range(3):
        store.add(group(300), NOON)
    assert size_of(tmp_path) <= 1000 and stuck in stems(tmp_path)
    with pytest.raises(PermissionError):
        store.add(group(900), NOON)
    assert stuck in stems(tmp_path)


def test_a_frame_that_jpeg_cannot_hold_is_told_and_the_next_is_kept(tmp_path: Path) -> None:
    sink = open_uncertain(tmp_path / "frames", LIMIT)
    tall = np.zeros((70_000, 2, 3), np.uint8)
    sink.on_event(dataclasses.replace(event(frame=0, changed=True), pixels=tall))
    with pytest.raises(OSError, match="2x70000"):
        for _ in range(500):
            time.sleep(0.02)
            sink.on_event(event(frame=1))
    wait_for(lambda: not _fails(sink))
    sink.close()


def _fails(sink: SavedFrames) -> bool:
    try:
        sink.on_event(event("Coat", frame=2, changed=True))
    except OSError:
        return True
    return False
