"""A folder is replaced whole: what a crash at any step leaves, and what reaches the disk when."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgefmnist import folders
from edgefmnist.folders import replacing_folder

DIES_AT_STEP = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from edgefmnist import folders

    step, exchange, target = int(sys.argv[1]), sys.argv[2] == "exchange", Path(sys.argv[3])
    steps = 0

    def dying(real):
        def call(*words, **more):
            global steps
            steps += 1
            if steps == step:
                os._exit(9)
            return real(*words, **more)
        return call

    real_exchange = folders._exchange if exchange else lambda one, other: False
    folders._exchange = dying(real_exchange)
    for name in ("mkdir", "fsync", "replace", "unlink", "rmdir"):
        setattr(os, name, dying(getattr(os, name)))
    with folders.replacing_folder(target) as scratch:
        for name in ("model", "card"):
            (scratch / name).write_text("new")
    """
)


def fill(folder: Path, text: str) -> None:
    for name in ("model", "card"):
        (folder / name).write_text(text)


def held(folder: Path) -> set[str]:
    """What the files of `folder` say; a complete one says one thing."""
    assert {one.name for one in folder.iterdir()} == {"model", "card"}
    return {one.read_text() for one in folder.iterdir()}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "bundle").mkdir()
    fill(tmp_path / "bundle", "old")
    return tmp_path / "bundle"


@pytest.mark.parametrize("way", ["exchange", "two renames"])
def test_a_crash_at_any_step_leaves_one_of_them_complete(target: Path, way: str) -> None:
    codes, found = [], []
    while 0 not in codes:
        command = [sys.executable, "-c", DIES_AT_STEP, str(len(codes) + 1), way, str(target)]
        codes.append(subprocess.run(command, check=False).returncode)
        assert codes[-1] in (0, 9)
        if way == "exchange":
            found.append(held(target))
        # The next one clears up, and puts back what lost its name, even where it then fails itself.
        with pytest.raises(RuntimeError), replacing_folder(target):
            raise RuntimeError
        assert list(target.parent.iterdir()) == [target]
        found.append(held(target))
        fill(target, "old")
    assert len(codes) > 8
    assert {"old"} in found and {"new"} in found and len(set(map(frozenset, found))) == 2


def test_everything_is_on_the_disk_before_the_name_changes(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    fsync, exchange = os.fsync, folders._exchange
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append(os.fstat(fd).st_ino), fsync(fd)))
    monkeypatch.setattr(
        folders, "_exchange", lambda one, other: (done.append("exchange"), exchange(one, other))[1]
    )
    with replacing_folder(target) as scratch:
        fill(scratch, "new")
        (scratch / "sub").mkdir()
        (scratch / "sub" / "deep").write_text("new")
        inside = [*scratch.rglob("*"), scratch]
        wanted = {one.stat().st_ino for one in inside}
    at = done.index("exchange")
    assert set(done[:at]) == wanted
    assert done[at + 1 :] == [target.parent.stat().st_ino]


def test_what_another_process_works_on_is_left_to_it(target: Path) -> None:
    with replacing_folder(target) as first:
        fill(first, "first")
        with replacing_folder(target) as second:
            fill(second, "second")
        assert held(first) == {"first"}
    assert held(target) == {"first"}
    assert list(target.parent.iterdir()) == [target]


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(folders, "_exchange", lambda one, other: False)
    yield


@pytest.mark.usefixtures("no_exchange")
def test_an_interruption_between_two_renames_keeps_the_older_folder(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, calls = os.replace, []

    def stop_at_the_second(source: Path, goal: Path) -> None:
        calls.append(source)
        if len(calls) == 2:
            raise KeyboardInterrupt
        rename(source, goal)

    monkeypatch.setattr(os, "replace", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt), replacing_folder(target) as scratch:
        fill(scratch, "new")
    assert held(target) == {"old"}
    assert list(target.parent.iterdir()) == [target]


def test_a_link_is_followed_and_a_similar_name_is_nobody_s_leftover(target: Path) -> None:
    (target.parent / "link").symlink_to("bundle")
    similar = target.parent / ".bundle.backup.old"
    similar.mkdir()
    with replacing_folder(target.parent / "link") as scratch:
        fill(scratch, "new")
    assert (target.parent / "link").is_symlink()
    assert held(target) == {"new"}
    assert similar.is_dir()
