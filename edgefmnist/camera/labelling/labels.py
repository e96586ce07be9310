"""Labels for many frames at once, and back: a label is the folder that a frame lies in."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from edgefmnist import files
from edgefmnist.camera.events import CameraEvent
from edgefmnist.camera.labelling.classes import PhotoClass, folder_of, list_classes
from edgefmnist.camera.labelling.kept import KeptFrame, KeptFrames
from edgefmnist.camera.labelling.moving import FrameFiles, NoLongerThere, finish, move
from edgefmnist.camera.pictures.saved_names import SAVED
from edgefmnist.errors import CannotWrite, UsageError, printable

BIN = ".thrown-away"
"""Folder in that of the kept frames: what was thrown away last."""

_MOST_THROWN = 50  # frames kept in it, or all of the last time
_MOST_REMEMBERED = 1000  # frames that can be moved back
_MOST_SEEN_BYTES = 4096
_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of one change.

    action: by which it can be undone; 0 where nothing was moved, or it was itself the undoing.
    moved: frames that were. gone: frames that were no longer where they should be: somebody else
    was first. trouble: why the rest was not moved; empty where it was.
    """

    action: int = 0
    moved: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    trouble: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    """One frame: its stem while it was kept, where it is, and the 28x28 that went with the move."""

    stem: str
    now: FrameFiles
    seen: bytes | None


class Labelling:
    """Moves kept frames into the folders of the classes; from any thread, one change at a time.

    Several programs may share the folder of photos: it is locked for the length of a change.
    """

    def __init__(
        self, frames: Path, photos: Path, keep: Callable[[CameraEvent], bool] | None = None
    ) -> None:
        """Between two folders. keep: keeps one more frame; says whether it could."""
        self.photos = photos
        self._frames = frames
        self._keep = keep
        self._kept = KeptFrames(frames)
        self._lock = threading.Lock()
        self._actions: collections.OrderedDict[int, list[_Moved]] = collections.OrderedDict()
        self._next = 1
        self._made: set[Path] = set()  # folders of classes that were not there before

    def keep(self, event: CameraEvent) -> bool:
        """Keep this frame for a label; false where too many wait to be written."""
        return self._keep is not None and self._keep(event)

    def frames(self) -> list[KeptFrame]:
        """See `KeptFrames.list`. Raises: OSError."""
        with self._lock:
            return self._kept.list()

    def classes(self, labels: Sequence[str]) -> list[PhotoClass]:
        """See `list_classes`. Raises: OSError."""
        return list_classes(self.photos, labels)

    def photo(self, stem: str) -> FrameFiles:
        """The files of a kept frame. Raises: NoLongerThere, also where it is no name of one."""
        files_of = FrameFiles(folder=self._frames, stem=stem)
        if not SAVED.fullmatch(f"{stem}.jpg") or not files_of.photo.is_file():
            raise NoLongerThere(stem)
        return files_of

    def label(self, stems: Sequence[str], name: str, labels: Sequence[str]) -> Done:
        """Move frames into the folder of the class called `name`; labels: of the model.

        Raises: ValueError, see `folder_of`.
        """
        return self._move(stems, lambda: folder_of(self.photos, name, labels))

    def throw_away(self, stems: Sequence[str]) -> Done:
        """Move frames into `BIN`, where the last ones stay for a while."""
        done = self._move(stems, self._bin)
        with self._lock, contextlib.suppress(OSError):
            _empty(self._frames / BIN, max(_MOST_THROWN, len(done.moved)))
        return done

    def undo(self, action: int) -> Done:
        """Move the frames of a change back to the kept ones."""
        with self._lock:
            moved = self._actions.pop(action, [])
            back, gone, trouble = [], [], ""
            try:
                with _locked(self.photos):
                    for one in moved:
                        try:
                            self._return(one)
                            back.append(one)
                        except NoLongerThere:
                            gone.append(one)
                    files.sync(self._frames)
                    for folder in {one.now.folder for one in back}:
                        files.sync(folder)
                        self._leave_no_empty_class(folder)
            except (OSError, CannotWrite) as error:
                trouble = _words(error)
                self._actions[action] = [one for one in moved if one not in back + gone]
            return Done(
                moved=tuple(one.stem for one in back),
                gone=tuple(one.stem for one in gone),
                trouble=trouble,
            )

    def _move(self, stems: Sequence[str], to: Callable[[], Path]) -> Done:
        moved: list[_Moved] = []
        gone: list[str] = []
        trouble = ""
        with self._lock:
            try:
                self.photos.mkdir(parents=True, exist_ok=True)
                with _locked(self.photos):
                    before = set(self.photos.iterdir())
                    folder = to() if any(map(self._is_there, stems)) else self.photos
                    if folder.parent == self.photos and folder not in before:
                        self._made.add(folder)
                    for stem in dict.fromkeys(stems):
                        try:
                            moved.append(self._take(stem, folder))
                        except NoLongerThere:
                            gone.append(stem)
                    for changed in (folder.parent, folder, self._frames):
                        files.sync(changed)
            except (OSError, CannotWrite) as error:
                trouble = _words(error)
            names = tuple(one.stem for one in moved)
            return Done(action=self._note(moved), moved=names, gone=tuple(gone), trouble=trouble)

    def _is_there(self, stem: str) -> bool:
        try:
            self.photo(stem)
        except NoLongerThere:
            return False
        return True

    def _take(self, stem: str, folder: Path) -> _Moved:
        frame = self.photo(stem)
        now = move(frame, folder)
        seen = None
        with contextlib.suppress(OSError):  # the frame has moved: this is a companion
            seen = files.read_bytes(frame.seen, _MOST_SEEN_BYTES)
            frame.seen.unlink()
        return _Moved(stem=stem, now=now, seen=seen)

    def _return(self, one: _Moved) -> None:
        if os.path.lexists(self._frames / f"{one.stem}.jpg"):
            raise NoLongerThere(one.stem)  # under its name is another one
        back = move(one.now, self._frames, one.stem)
        if one.seen is not None:
            with contextlib.suppress(CannotWrite), files.replacing(back.seen) as scratch:
                scratch.write_bytes(one.seen)

    def _leave_no_empty_class(self, folder: Path) -> None:
        """A class that was made by a mistake, such as a wrong name, goes with it."""
        if folder in self._made:
            with contextlib.suppress(OSError):  # another picture lies in it
                folder.rmdir()
                self._made.remove(folder)
                files.sync(self.photos)

    def _bin(self) -> Path:
        folder = self._frames / BIN
        folder.mkdir(exist_ok=True)
        return folder

    def _note(self, moved: list[_Moved]) -> int:
        if not moved:
            return 0
        action, self._next = self._next, self._next + 1
        self._actions[action] = moved
        while len(self._actions) > 1 and sum(map(len, self._actions.values())) > _MOST_REMEMBERED:
            self._actions.popitem(last=False)
        return action


def open_labelling(
    frames: Path, photos: Path, keep: Callable[[CameraEvent], bool] | None = None
) -> Labelling:
    """Label the frames kept in `frames` by moving them below `photos`; see `Labelling`.

    Both are made, and what a crash left half-moved is put in order.
    Raises: UsageError where one lies in the other; CannotWrite.
    """
    one, other = frames.resolve(), photos.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise UsageError(
            f"--adapt {photos}: neither it nor --save-uncertain {frames} may lie in the other; "
            "name folders beside one another"
        )
    files.make_folder(photos)
    files.make_folder(frames)
    try:
        with _locked(photos):
            inside = [path for path in sorted(photos.iterdir()) if path.is_dir()]
            thrown = frames / BIN
            finish(frames, [*inside, *([thrown] if thrown.is_dir() else [])])
            _empty(thrown, _MOST_THROWN)
    except OSError as error:
        raise files.cannot_write(photos, error) from error
    return Labelling(frames, photos, keep)


def _empty(folder: Path, most: int) -> None:
    """Delete all but the newest frames of the bin. Raises: OSError."""
    if not folder.is_dir():
        return
    found = [one for path in folder.iterdir() if (one := SAVED.match(path.name))]
    newest = sorted({(int(one[2]), one[1]) for one in found})[-most:]
    keep = {stem for _, stem in newest}
    for one in found:
        if one[1] not in keep:
            (folder / one[0]).unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other programs of ours from changing what is below `folder`. Raises: OSError."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NO_LOCKS:  # some network file systems lock no folders
                raise
        yield
    finally:
        os.close(lock)


def _words(error: OSError | CannotWrite) -> str:
    if isinstance(error, CannotWrite):
        return printable(str(error))
    return printable(str(files.cannot_write(error.filename or "a frame", error)))
