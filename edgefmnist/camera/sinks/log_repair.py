"""What a power cut leaves at the end of a log is cut off.

A file system may have brought a file's new size to the disk and not what was written: then it ends
in NUL bytes. Or only half of a line was there. Whoever reads the log should stumble over neither.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path


def cut_unfinished(descriptor: int) -> None:
    """Cut a log after its last whole line. descriptor: open to read and write. Raises: OSError."""
    size_bytes = os.fstat(descriptor).st_size
    if size_bytes == 0:
        return
    with mmap.mmap(descriptor, size_bytes, access=mmap.ACCESS_READ) as content:
        end = size_bytes
        while end:
            start = content.rfind(b"\n", 0, end - 1) + 1
            if _is_whole(content[start:end]):
                break
            end = start
    if end < size_bytes:
        os.ftruncate(descriptor, end)


def is_blank(path: Path, most_bytes: int) -> bool:
    """Whether a file holds NUL bytes and nothing else, at most `most_bytes`. Raises: OSError."""
    return path.stat().st_size <= most_bytes and not path.read_bytes().strip(b"\0")


def _is_whole(line: bytes) -> bool:
    """Whether it has the start and the end of a JSON object, or nothing in it."""
    whole = line.startswith(b"{") and line.endswith(b"}\n") and b"\0" not in line
    return whole or line == b"\n"
