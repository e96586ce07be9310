"""A kill at each step of a move: the frame is whole afterwards, in one of the two places."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import edgefmnist.camera.labelling.moving as moving
from edgefmnist import files
from edgefmnist.camera.labelling.labels import open_labelling
from edgefmnist.records import LABELS
from tests.camera.labelling.conftest import keep, other_disk, tree

KILLED = 77


@pytest.fixture(params=["rename", "copy", "other disk"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Folders of kept frames and of photos, on one file system or on two."""
    if request.param == "other disk":
        disk = other_disk()
        if disk is None or disk.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("needs a second file system at /dev/shm")
        with tempfile.TemporaryDirectory(dir=disk) as folder:
            yield tmp_path / "frames", Path(folder) / "wardrobe"
        return
    if request.param == "copy":  # also where there is one file system alone
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(moving, "_rename", _elsewhere)
            yield tmp_path / "frames", tmp_path / "wardrobe"
        return
    yield tmp_path / "frames", tmp_path / "wardrobe"


def _elsewhere(*_: object) -> None:
    raise OSError(18, "Invalid cross-device link")


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do `work` in a process that is killed before its `step`-th change; whether that came."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in (0, KILLED)
        return code == KILLED
    try:
        left = step

        def counted(change: Callable[..., object]) -> Callable[..., object]:
            def wrapper(*words: object, **named: object) -> object:
                nonlocal left
                left -= 1
                if left < 0:
                    os._exit(KILLED)
                return change(*words, **named)

            return wrapper

        for owner, name in (
            *((os, "replace"), (os, "unlink"), (Path, "unlink"), (Path, "mkdir")),
            *((moving.shutil, "copyfile"), (moving.shutil, "copystat"), (files, "sync")),
        ):
            setattr(owner, name, counted(getattr(owner, name)))
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


def check_whole(frames: Path, photos: Path, stem: str, content: dict[str, bytes]) -> None:
    """Photo and record are there, complete, before anything is put in order and after it."""
    for name in (f"{stem}.jpg", f"{stem}.json"):
        copies = [path for folder in (frames, photos) for path in folder.rglob(name)]
        assert copies and all(path.read_bytes() == content[name] for path in copies), name
    labelling = open_labelling(frames, photos)
    left = {Path(name) for folder in (frames, photos) for name in tree(folder)}
    homes = {path.parent for path in left if path.suffix in (".jpg", ".json")}
    assert len(homes) == 1, left
    for suffix in (".jpg", ".json"):
        assert [path.name for path in left if path.suffix == suffix] == [f"{stem}{suffix}"]
    assert all(path.suffix in (".jpg", ".json", ".png") for path in left)
    assert [frame.top[0][0] for frame in labelling.frames()] in ([], ["Coat"])


def change(frames: Path, photos: Path, stem: str, what: str) -> Callable[[], object]:
    """The work of one test, once all is ready for it."""
    labelling = open_labelling(frames, photos)
    if what == "label":
        return lambda: labelling.label([stem], "Bag", LABELS)
    if what == "throw away":
        return lambda: labelling.throw_away([stem])
    action = labelling.label([stem], "Bag", LABELS).action
    return lambda: labelling.undo(action)


@pytest.mark.parametrize("what", ["label", "throw away", "undo"])
def test_a_kill_at_any_step_loses_nothing(places: tuple[Path, Path], what: str) -> None:
    frames, photos = places
    for step in range(60):
        for folder in (frames, photos):
            for path in [path for path in folder.rglob("*") if path.is_file()]:
                path.unlink()
        stem = keep(frames, 1)
        content = tree(frames)
        killed = killed_at(step, change(frames, photos, stem, what))
        check_whole(frames, photos, stem, content)
        if not killed:
            assert step > 3
            return
    raise AssertionError("it never came to its end")


def test_a_frame_of_the_same_name_is_not_taken_for_a_half_moved_one(tmp_path: Path) -> None:
    frames, photos = tmp_path / "frames", tmp_path / "wardrobe"
    stem = keep(frames, 1)
    (photos / "Coat").mkdir(parents=True)
    (photos / "Coat" / f"{stem}.jpg").write_text("of another camera")
    (photos / "Coat" / f"{stem}.json").write_text("{}")
    (photos / "Bag").mkdir()
    (photos / "Bag" / f"{stem}.json").write_text("written by hand")
    before = tree(tmp_path)
    open_labelling(frames, photos)
    assert tree(tmp_path) == before
