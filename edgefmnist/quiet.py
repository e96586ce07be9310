"""Keeping native libraries off the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def lead_nowhere(*descriptors: int) -> None:
    """Let what is written to `descriptors` from now on be lost. Raises: OSError."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for descriptor in descriptors:
            os.dup2(nowhere, descriptor)
    finally:
        os.close(nowhere)


@contextlib.contextmanager
def silenced_stderr() -> Iterator[None]:
    """Send the process's stderr, C++ included, nowhere for the length of the block.

    TensorFlow, LiteRT and FFmpeg write notices that no setting of theirs turns off. What goes
    wrong still arrives as an exception. Threads share it, so keep the block short. Python's own
    stderr too: while a progress bar is shown, Rich has put one of its own there, which leads to
    the terminal past descriptor 2.
    """
    sys.stderr.flush()
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stderr(nowhere),
        _sent_nowhere(2),
    ):
        yield


@contextlib.contextmanager
def heard_stderr() -> Iterator[bytearray]:
    """The same, but what native code wrote there is in the yielded bytes after the block.

    For a library that tells of damage in no other way. At most 4096 bytes are kept.
    """
    said = bytearray()
    sys.stderr.flush()
    kept = os.dup(2)
    heard = os.memfd_create("stderr")
    try:
        os.dup2(heard, 2)
        yield said
    finally:
        os.dup2(kept, 2)
        said += os.pread(heard, 4096, 0)
        os.close(kept)
        os.close(heard)


@contextlib.contextmanager
def silenced_stdout() -> Iterator[None]:
    """The same for stdout, where Gloo writes its notices: nothing may stand there beside JSON."""
    sys.stdout.flush()
    with _sent_nowhere(1):
        yield


@contextlib.contextmanager
def _sent_nowhere(descriptor: int) -> Iterator[None]:
    kept = os.dup(descriptor)
    try:
        lead_nowhere(descriptor)
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)
