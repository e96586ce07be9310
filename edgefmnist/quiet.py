"""Keeping native libraries off the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silenced_stderr() -> Iterator[None]:
    """Send the process's stderr, C++ included, nowhere for the length of the block.

    TensorFlow, LiteRT and FFmpeg write notices that no setting of theirs turns off. What goes
    wrong still arrives as an exception. Threads share it, so keep the block short.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
