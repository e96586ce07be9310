"""Reading within limits, and writing never through a link that somebody else planted."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from edgefmnist import files


def test_scratch_files_are_new_and_their_names_cannot_be_foretold(tmp_path: Path) -> None:
    target = tmp_path / "answers.json"
    before = os.umask(0o027)
    try:
        names = set()
        for text in ("one", "two"):
            with files.replacing(target) as scratch:
                assert stat.S_ISREG(scratch.lstat().st_mode)  # ours, before anything is written
                assert scratch.suffix == ".json" and str(os.getpid()) not in scratch.name
                names.add(scratch.name)
                scratch.write_text(text, encoding="utf-8")
        assert len(names) == 2
    finally:
        os.umask(before)
    assert target.read_text(encoding="utf-8") == "two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_under_the_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, planted = tmp_path / "victim", tmp_path / ".answers.part.json"
    victim.write_text("precious", encoding="utf-8")
    planted.symlink_to(victim)
    monkeypatch.setattr(files, "scratch_name", lambda *_: planted)  # guessed after all
    with (
        pytest.raises(files.CannotWrite, match="exists"),
        files.replacing(tmp_path / "answers.json") as scratch,
    ):
        scratch.write_text("ours", encoding="utf-8")
    assert victim.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("name", ["n" * 250 + ".json", "é" * 120 + ".json"])
def test_a_long_name_has_room_for_a_scratch_file_beside_it(tmp_path: Path, name: str) -> None:
    files.write_text(tmp_path / name, "text")
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_a_regular_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    (tmp_path / "link").symlink_to(path)
    assert files.read_bytes(path, 100) == files.read_bytes(tmp_path / "link", 100) == b"x" * 100
    with pytest.raises(OSError, match="larger than 99 bytes"):
        files.read_bytes(path, 99)
    # /proc has files that say they are empty and are not: what counts is what comes.
    with pytest.raises(OSError, match="larger than 10 bytes"):
        files.read_bytes(Path("/proc/self/status"), 10)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name in ("fifo", "zeros", "loop", "folder", "socket", "missing"):
            with pytest.raises(OSError) as refused:
                files.read_bytes(tmp_path / name, 1000)
            assert refused.value.strerror and refused.value.filename == str(tmp_path / name)


def test_a_file_is_on_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append(os.fstat(fd).st_ino), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda *both: (done.append("name"), replace(*both)))
    files.write_text(tmp_path / "record", "text")
    inode = (tmp_path / "record").stat().st_ino
    assert done == [inode, "name", tmp_path.stat().st_ino]
