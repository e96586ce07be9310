"""The child processes in which measurements run."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from typing import IO

from edgefmnist import children


@contextlib.contextmanager
def output_of(module: str, *words: object) -> Iterator[IO[str]]:
    """Run ``module.main()`` and yield what it writes to stdout; it ends with the block."""
    with subprocess.Popen(
        **children.python(module, *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout is not None
        try:
            yield child.stdout
        finally:
            child.kill()
