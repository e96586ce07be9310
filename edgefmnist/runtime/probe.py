"""Loading a stranger's model in a child process first.

The runtime trusts the file: a damaged `.tflite` can end the process by a segmentation fault, which
no ``except`` catches. A bundle is guarded by its checksum; a bare file is tried out here.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edgefmnist import children
from edgefmnist.errors import BadModel, EdgeFmnistError, one_line

_LIMIT_S = 60
_IDENTIFIER = b"TFL3"
"""Bytes 4..8 of a TensorFlow Lite flatbuffer (schema.fbs, file_identifier)."""


def check(path: Path) -> None:
    """Load the model at `path` and run it once, in a child process.

    Raises: BadModel when it cannot be loaded and run.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise BadModel(f"{path} cannot be read: {error.strerror}") from error
    if head[4:] != _IDENTIFIER:
        raise BadModel(f"{path} is not a TensorFlow Lite model (no {_IDENTIFIER.decode()} mark)")
    try:
        child = subprocess.run(
            **children.python(__name__, path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise BadModel(f"{path} is damaged: it did not run within {_LIMIT_S} s") from error
    if child.returncode == BadModel.exit_code:
        raise BadModel(one_line(child.stdout))  # the runtime's own words may be several
    if child.returncode < 0:
        raise BadModel(f"{path} is damaged: the runtime crashed on it; copy or convert it again")
    if child.returncode > 0:
        last = (child.stdout + child.stderr).strip().splitlines()[-1:]
        raise BadModel(f"{path} cannot be run: {' '.join(last)}")


def main() -> int:
    """The child: load the model that is its one word, and run it."""
    from edgefmnist.runtime import interpreter

    path = Path(sys.argv[1])
    try:
        interpreter.provider()
    except EdgeFmnistError:
        return 0  # the parent will say the same, better
    try:
        built = interpreter.build(path, threads=1, batch=1)
        built.invoke()
    except BadModel as error:
        print(error)
        return BadModel.exit_code
    except (ValueError, RuntimeError) as error:
        print(f"{path} is damaged: {error}")
        return BadModel.exit_code
    return 0
