"""A label is the folder a frame lies in: many at once, back again, by two at a time."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from edgefmnist.camera.labelling.labels import BIN, Labelling, open_labelling
from edgefmnist.camera.labelling.moving import NoLongerThere
from edgefmnist.camera.sinks.frame_store import FrameStore
from edgefmnist.errors import UsageError
from edgefmnist.records import LABELS
from tests.camera.labelling.conftest import keep, stem_of, tree
from tests.camera.outputs.conftest import full_disk


def test_a_label_moves_photo_and_record_and_undo_brings_all_back(
    labelling: Labelling, frames: Path, photos: Path
) -> None:
    stems = [keep(frames, number) for number in range(3)]
    before = tree(frames)
    done = labelling.label(stems[:2], "Ankle boot", LABELS)
    assert (done.moved, done.gone, done.trouble) == ((*stems[:2],), (), "")
    assert sorted(tree(photos)) == sorted(
        f"Ankle boot/{stem}.{suffix}" for stem in stems[:2] for suffix in ("jpg", "json")
    )
    assert {Path(name).stem for name in tree(frames)} == {stems[2]}
    assert [frame.stem for frame in labelling.frames()] == [stems[2]]
    back = labelling.undo(done.action)
    assert back.moved == (*stems[:2],) and tree(frames) == before and tree(photos) == {}
    assert labelling.undo(done.action).moved == () and labelling.undo(99).moved == ()


def test_a_class_that_a_mistake_made_goes_with_it(
    labelling: Labelling, frames: Path, photos: Path
) -> None:
    """An empty folder would be a class without pictures, which nothing can be learned from."""
    (photos / "Scarf").mkdir(parents=True)
    first, second, third = (keep(frames, number) for number in range(3))
    wrong = labelling.label([first], "Jackte", LABELS)
    labelling.label([second], "Jacket", LABELS)
    other = labelling.label([third], "Jacket", LABELS)
    own = labelling.label([], "Scarf", LABELS)
    for done in (wrong, other, own):
        labelling.undo(done.action)
    assert sorted(path.name for path in photos.iterdir()) == ["Jacket", "Scarf"]


def test_what_is_thrown_away_can_come_back_for_a_while(labelling: Labelling, frames: Path) -> None:
    stems = [keep(frames, number) for number in range(120)]
    before = tree(frames)
    all_at_once = labelling.throw_away(stems)
    assert len(all_at_once.moved) == 120 and labelling.frames() == []
    assert labelling.undo(all_at_once.action).moved == (*stems,)
    assert {name: data for name, data in tree(frames).items() if BIN not in name} == before
    for stem in stems[:60]:
        last = labelling.throw_away([stem])
    left = sorted({Path(name).stem for name in tree(frames / BIN)})
    assert left == stems[10:60]
    assert labelling.undo(last.action).moved == (stems[59],)


def test_a_frame_that_somebody_else_labelled_is_gone(
    labelling: Labelling, frames: Path, photos: Path
) -> None:
    one, other = keep(frames, 1), keep(frames, 2)
    labelling.label([one], "Coat", LABELS)
    done = labelling.label([one, other], "Bag", LABELS)
    assert (done.moved, done.gone) == ((other,), (one,))
    nothing = labelling.label([one], "Hat", LABELS)
    assert (nothing.action, nothing.gone) == (0, (one,)) and not (photos / "Hat").exists()


@pytest.mark.parametrize(
    "stem", ["", "..", "../wardrobe/x", "edgefmnist-1", "/etc/passwd", stem_of(1) + "\n", "x\0"]
)
def test_what_is_no_name_of_a_kept_frame_is_no_frame(
    labelling: Labelling, frames: Path, stem: str
) -> None:
    keep(frames, 1)
    before = tree(frames)
    assert labelling.label([stem], "Coat", LABELS).gone == (stem,)
    assert labelling.throw_away([stem]).gone == (stem,)
    with pytest.raises(NoLongerThere):
        labelling.photo(stem)
    assert tree(frames) == before


def test_a_link_is_no_frame(labelling: Labelling, frames: Path, tmp_path: Path) -> None:
    stem = keep(frames, 1)
    (tmp_path / "secret.jpg").write_text("mine")
    (frames / f"{stem}.jpg").unlink()
    (frames / f"{stem}.jpg").symlink_to(tmp_path / "secret.jpg")
    assert labelling.label([stem], "Coat", LABELS).gone == (stem,)
    assert labelling.frames() == []


def test_nothing_in_a_class_is_replaced(labelling: Labelling, frames: Path, photos: Path) -> None:
    stem = keep(frames, 1)
    (photos / "Coat").mkdir()
    (photos / "Coat" / f"{stem}.jpg").write_text("the frame of another camera")
    (photos / "Coat" / f"{stem}-2.json").write_text("and another")
    done = labelling.label([stem], "coats", LABELS)
    assert done.moved == (stem,)
    assert (photos / "Coat" / f"{stem}.jpg").read_text() == "the frame of another camera"
    assert json.loads((photos / "Coat" / f"{stem}-3.json").read_text())["why"] == "uncertain"
    assert labelling.undo(done.action).moved == (stem,)
    assert (frames / f"{stem}.jpg").exists() and (frames / f"{stem}.json").exists()


def test_two_at_once_lose_nothing(frames: Path, photos: Path) -> None:
    """Each in a program of its own, as with two browsers on two cameras' pages, or by scripts."""
    stems = [keep(frames, number) for number in range(60)]
    writers = [open_labelling(frames, photos) for _ in range(4)]
    done, start = [], threading.Barrier(4)

    def write(number: int) -> None:
        start.wait()
        for at in range(60):
            stem = stems[(at * 7 + number * 15) % 60]
            done.append((LABELS[number], writers[number].label([stem], LABELS[number], LABELS)))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moved = [(label, stem) for label, each in done for stem in each.moved]
    assert sorted(stem for _, stem in moved) == stems
    assert sum(len(each.gone) for _, each in done) == 3 * 60
    assert not any(each.trouble for _, each in done)
    assert sorted(tree(photos)) == sorted(
        f"{label}/{stem}.{suffix}".replace("/top/", "_top/")
        for label, stem in moved
        for suffix in ("jpg", "json")
    )
    assert tree(frames) == {}


def test_the_store_that_makes_room_meanwhile_is_no_trouble(
    labelling: Labelling, frames: Path
) -> None:
    store = FrameStore(frames, 3000)
    for _ in range(4):
        store.add({".jpg": b"x" * 900, ".json": b"{}"}, "2026-01-31T12:00:00.123Z")
    kept = [frame.stem for frame in labelling.frames()]
    assert len(kept) == 3
    done = labelling.label(kept, "Coat", LABELS)
    assert done.moved == (*kept,)
    for _ in range(4):
        store.add({".jpg": b"x" * 900, ".json": b"{}"}, "2026-01-31T12:00:00.123Z")
    assert len(labelling.frames()) == 3


def test_a_full_disk_is_said_and_loses_nothing(
    labelling: Labelling, frames: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stems = [keep(frames, number) for number in range(2)]
    before = tree(frames)
    import edgefmnist.camera.labelling.moving as moving

    def elsewhere(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(moving, "_rename", elsewhere)
    with full_disk(500):
        done = labelling.label(stems, "Coat", LABELS)
    assert done.moved == () and "no space left" in done.trouble and "\n" not in done.trouble
    assert tree(frames) == before and tree(photos) == {}
    assert labelling.label(stems, "Coat", LABELS).moved == (*stems,)


def test_a_folder_that_may_not_be_written_is_said(
    labelling: Labelling, frames: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stem = keep(frames, 1)
    replace = os.replace

    def refused(source: Path, target: Path) -> None:
        if str(target).endswith(".json"):
            raise PermissionError(13, "Permission denied", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refused)
    before = tree(frames)
    done = labelling.label([stem], "Coat", LABELS)
    assert done.moved == () and "Permission denied" in done.trouble
    assert tree(frames) == before and tree(photos) == {}


def test_neither_folder_may_lie_in_the_other(tmp_path: Path) -> None:
    for frames, photos in (("a", "a"), ("a/b", "a"), ("a", "a/b"), ("a", "./x/../a")):
        with pytest.raises(UsageError, match="beside one another"):
            open_labelling(tmp_path / frames, tmp_path / photos)
    assert not (tmp_path / "a").exists()
