"""A folder of pictures as a source, in natural order, or a single picture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from edgefmnist.camera.pictures.folder import Complaints, list_pictures
from edgefmnist.camera.pictures.notes import OnNote
from edgefmnist.camera.pictures.reading import read_picture
from edgefmnist.errors import BadPicture
from edgefmnist.records import Frame


def open_folder(folder: Path, on_note: OnNote, *, loop: bool = False) -> FolderSource:
    """List the folder; loop: begin again after its last.

    on_note: see `FolderSource`; also told once what was left out.
    Raises: BadPicture without a picture.
    """
    found = list_pictures(folder)
    if found.note:
        on_note(found.note)
    return FolderSource(str(folder), found.pictures, on_note, loop=loop)


def open_picture(path: Path, on_note: OnNote, *, loop: bool = False) -> FolderSource:
    """A single picture file; loop: again and again."""
    return FolderSource(path.name, (path,), on_note, loop=loop)


class FolderSource:
    """Each picture in turn; see `source.Source`. One that cannot be read is passed over."""

    live = False

    def __init__(self, name: str, paths: Sequence[Path], on_note: OnNote, *, loop: bool) -> None:
        """Give `paths` in their order.

        on_note: called for each that cannot be read, the first time: with a line for people for
        the first few, then with an empty one, and at the end with how many more there were.
        """
        self.name = name
        self._paths = paths
        self._bad: set[Path] = set()
        self._complaints = Complaints(on_note)
        self._loop = loop
        self._next = 0
        self._in_this_pass = False
        self._count = 0

    def read(self) -> Frame | None:
        """The next picture. Raises: BadPicture where not one of them can be read."""
        while self._has_next():
            path = self._paths[self._next]
            self._next += 1
            try:
                picture = read_picture(path)
            except BadPicture as error:
                self._pass_over(path, error)
                continue
            self._in_this_pass = True
            frame = Frame(
                pixels=picture.pixels,
                captured_ns=time.monotonic_ns(),
                index=self._count,
                name=path.name,
                full_size=picture.full_size,
            )
            self._count += 1
            return frame
        self._complaints.close()
        if self._count == 0:
            raise BadPicture(f"none of the {len(self._paths)} pictures in {self.name} can be read")
        return None

    def _has_next(self) -> bool:
        """Also begins again, where that is wanted and there was anything in the last pass."""
        if self._next == len(self._paths) and self._loop and self._in_this_pass:
            self._next, self._in_this_pass = 0, False
        return self._next < len(self._paths)

    def _pass_over(self, path: Path, error: BadPicture) -> None:
        if len(self._paths) == 1:
            raise error
        if path not in self._bad:
            self._bad.add(path)
            self._complaints.add(error)

    def close(self) -> None:
        """Nothing stays open between pictures."""
