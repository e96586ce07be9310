"""A folder of pictures as a source, in name order."""

from __future__ import annotations

import time
from pathlib import Path

from edgefmnist.camera.pictures import read_picture
from edgefmnist.errors import BadPicture
from edgefmnist.records import Frame

SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff",
     ".webp"}
)  # fmt: skip


def pictures_in(folder: Path) -> list[Path]:
    """Picture files of `folder` itself, not of folders inside it, sorted by name.

    Raises: BadPicture where there is none, or the folder cannot be listed.
    """
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    except OSError as error:
        raise BadPicture(f"cannot list {folder}: {error.strerror}") from error
    if not found:
        raise BadPicture(f"no pictures in {folder}: want files such as .jpg, .png or .webp")
    return found


def open_folder(folder: Path, *, loop: bool = False) -> FolderSource:
    """List the folder; loop: begin again after its last. Raises: BadPicture without a picture."""
    return FolderSource(folder, pictures_in(folder), loop=loop)


class FolderSource:
    """Each picture of a folder in turn; see `source.Source`."""

    live = False

    def __init__(self, folder: Path, paths: list[Path], *, loop: bool) -> None:
        """Give `paths` in the order listed."""
        self.name = str(folder)
        self._paths = paths
        self._loop = loop
        self._count = 0

    def read(self) -> Frame | None:
        """The next picture. Raises: BadPicture."""
        if self._count >= len(self._paths) and not self._loop:
            return None
        path = self._paths[self._count % len(self._paths)]
        pixels = read_picture(path)
        frame = Frame(
            pixels=pixels, captured_ns=time.monotonic_ns(), index=self._count, name=path.name
        )
        self._count += 1
        return frame

    def close(self) -> None:
        """Nothing stays open between pictures."""
