"""What is written is never written through a link that somebody else planted."""

from __future__ import annotations

import os
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
