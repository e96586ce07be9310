"""The models learned from somebody's photos, and which of them is in use.

They lie beside the photos: of ``wardrobe`` in ``wardrobe-models``, as bundles ``learned-1``,
``learned-2`` ..., each with ``learned-N.json``, what `edgefmnist adapt` said of it. ``in-use.json``
says which of them the camera takes when it starts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

from edgefmnist import files, json_text
from edgefmnist.runtime import bundle

KEPT = 5
"""Models that can be gone back to, one after the other."""

_NAME = re.compile(r"learned-([1-9][0-9]{0,8})")
_SCRATCH = re.compile(r"\.learned-[0-9]+\.[0-9a-f]+\.(?:part|old)")
_FILE = "in-use.json"
_MOST_BYTES = 65_536
_MOST_RESULT_BYTES = 4_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """Which model the camera takes.

    given: what the command names, None for the shipped one. name: of a learned model; None: the
    given one. before: those that were in use before it, the last one last.
    """

    given: str | None
    name: str | None = None
    before: tuple[str | None, ...] = ()


class LearnedModels:
    """The folder of one folder of photos; from any thread."""

    def __init__(self, photos: Path, given: str | None) -> None:
        """Beside `photos`. given: the model that the command names; None for the shipped one.

        Where that is another than at the last run, it is what was asked for last: it is in use.
        """
        whole = photos.resolve() if photos.name in ("", "..") else photos.absolute()
        self.folder = whole.with_name(f"{whole.name}-models")
        self.in_use = self._read(given)

    def spec(self) -> str | None:
        """The model in use, as every command takes it; None for the shipped one."""
        return self.spec_of(self.in_use.name)

    def spec_of(self, name: str | None) -> str | None:
        """As `spec`, of a learned model, or of the given one (None)."""
        return self.in_use.given if name is None else str(self.folder / name)

    def next(self) -> Path:
        """Where the next model is to be written; clears up after one that was not finished.

        Raises: CannotWrite.
        """
        files.make_folder(self.folder)
        for path in self.folder.iterdir():
            if _SCRATCH.fullmatch(path.name) and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
        newest = self.newest()
        number = 0 if newest is None else int(newest.partition("-")[2])
        return self.folder / f"learned-{number + 1}"

    def newest(self) -> str | None:
        """The model that was learned last."""
        try:
            names = [path.name for path in self.folder.iterdir() if bundle.is_bundle(path)]
        except OSError:
            return None
        found = {int(one[1]): one[0] for name in names if (one := _NAME.fullmatch(name))}
        return found[max(found)] if found else None

    def note_result(self, name: str, told: dict[str, Any]) -> None:
        """Remember what was said of a model. Raises: CannotWrite."""
        files.write_text(self.folder / f"{name}.json", json_text.dumps(told) + "\n")

    def result(self, name: str) -> dict[str, Any] | None:
        """What was said of a model, if it is known."""
        try:
            told = files.read_json(self.folder / f"{name}.json", _MOST_RESULT_BYTES)
        except (OSError, ValueError):
            return None
        return told if isinstance(told, dict) else None

    def use(self, name: str) -> None:
        """Remember that a learned model is in use from now on. Raises: CannotWrite."""
        before = (*self.in_use.before, self.in_use.name)[-KEPT:]
        self._write(dataclasses.replace(self.in_use, name=name, before=before))

    def go_back(self) -> None:
        """Remember that the one before is in use again. Raises: CannotWrite."""
        *before, name = self.in_use.before
        self._write(dataclasses.replace(self.in_use, name=name, before=(*before,)))

    def _write(self, in_use: InUse) -> None:
        files.make_folder(self.folder)
        text = json_text.dumps(dataclasses.asdict(in_use), indent=1)
        files.write_text(self.folder / _FILE, text + "\n")
        self.in_use = in_use
        self._prune()

    def _prune(self) -> None:
        """Delete all models but those in use, those to go back to, and the newest."""
        keep = {self.in_use.name, *self.in_use.before, self.newest()}
        for path in sorted(self.folder.iterdir()):
            if _NAME.fullmatch(path.stem) and path.stem not in keep:
                with contextlib.suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _read(self, given: str | None) -> InUse:
        try:
            told = files.read_json(self.folder / _FILE, _MOST_BYTES)
        except (OSError, ValueError):
            return InUse(given=given)
        if not isinstance(told, dict) or told.get("given") != given:
            return InUse(given=given)
        before = told.get("before")
        names = before if isinstance(before, list) else []
        known = tuple(one for one in names if self._is_there(one))[-KEPT:]
        name = told.get("name")
        return InUse(given=given, name=name if self._is_there(name) else None, before=known)

    def _is_there(self, name: object) -> bool:
        if name is None:
            return True
        named = isinstance(name, str) and _NAME.fullmatch(name) is not None
        return named and bundle.is_bundle(self.folder / str(name))
