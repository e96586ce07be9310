"""What a power cut leaves at the end of a log is cut off, and no more than that.

A file system may have brought a file's new size to the disk and not what was written: then it ends
in NUL bytes. Or only half of a line was there. Whoever reads the log should stumble over neither.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from edgefmnist import files, json_text

BEGINS = b'{"event": "'
"""How every line of ours does."""

_BLOCK_BYTES = 1 << 16
_LONGEST_LINE = 1 << 20
_MOST_BLANK_BYTES = 1 << 26


def is_log(path: Path) -> bool:
    """Whether a file holds lines of ours, or what a power cut made of them. Raises: OSError."""
    with path.open("rb") as file:
        begins = file.read(_BLOCK_BYTES)
    first = begins.lstrip(b"\n")[: len(BEGINS)]
    return BEGINS.startswith(first) or _is_blank(path)


def cut_unfinished(descriptor: int) -> None:
    """Cut a log after its last line that is whole. descriptor: open to read and to write.

    A line is cut that has NUL bytes in it, and the last one where its end is missing; where nothing
    but the line break is, that is written.

    Raises: OSError.
    """
    size_bytes = os.fstat(descriptor).st_size
    end = _without_nul_tail(descriptor, size_bytes)
    unended = False
    while end:
        start = _line_start(descriptor, end)
        line = os.pread(descriptor, min(end - start, _LONGEST_LINE), start)
        if b"\0" not in line:
            unended = not line.endswith(b"\n") and _is_object(line)
            if unended or line.endswith(b"\n"):
                break
        end = start
    if end < size_bytes:
        os.ftruncate(descriptor, end)
    if unended:
        os.pwrite(descriptor, b"\n", end)


def keep_newest(path: Path, most_bytes: int) -> None:
    """Keep the end of a log, whole lines of it. Raises: CannotWrite, OSError."""
    with path.open("rb") as log, files.replacing(path, lasting=False) as scratch:
        log.seek(-most_bytes, os.SEEK_END)
        log.readline(_LONGEST_LINE)
        with scratch.open("wb") as kept:
            shutil.copyfileobj(log, kept)


def _is_blank(path: Path) -> bool:
    """Whether there are NUL bytes and nothing else, and not so many that it may be a disk."""
    if path.stat().st_size > _MOST_BLANK_BYTES:
        return False
    with path.open("rb") as file:
        return not any(block.strip(b"\0") for block in iter(lambda: file.read(_BLOCK_BYTES), b""))


def _without_nul_tail(descriptor: int, end: int) -> int:
    while end:
        begin = max(0, end - _BLOCK_BYTES)
        kept = os.pread(descriptor, end - begin, begin).rstrip(b"\0")
        if kept:
            return begin + len(kept)
        end = begin
    return 0


def _line_start(descriptor: int, end: int) -> int:
    """Where the line begins whose last byte is before `end`."""
    at = end - 1  # a line break there is its own
    while at:
        begin = max(0, at - _BLOCK_BYTES)
        found = os.pread(descriptor, at - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        at = begin
    return 0


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json_text.loads(line), dict)
    except ValueError:
        return False
