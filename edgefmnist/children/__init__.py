"""How every child process is started: by which words and in which environment.

Python ones run one of our modules by way of `launcher`: they take the very code that runs here, see
nothing of the current folder, and end with this process. No child gets what is secret in the
environment.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict

VARIABLE = "EDGEFMNIST_CHILD"
"""What `launcher` is given: JSON with ``path`` (for ``sys.path``) and ``lifeline`` (descriptor)."""

_LAUNCHER = Path(__file__).with_name("launcher.py")
# Our options are for this process, and its service manager listens to it alone.
_PRIVATE = re.compile(
    r"EDGEFMNIST_|NOTIFY_SOCKET|WATCHDOG_|.*(PASSW|TOKEN|SECRET|CREDENTIAL|API_?KEY|PRIVATE_KEY)",
    re.IGNORECASE,
)
# What this interpreter was told to leave out, its children leave out too.
_FLAGS = {
    "isolated": "-I",
    "ignore_environment": "-E",
    "no_user_site": "-s",
    "no_site": "-S",
    "dont_write_bytecode": "-B",
}


class Child(TypedDict):
    """Arguments of `subprocess.Popen` and `subprocess.run`."""

    args: list[str]
    env: dict[str, str]
    pass_fds: Sequence[int]


def python(
    module: str,
    *words: object,
    pass_fds: Sequence[int] = (),
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Child:
    """What starts ``module.main()`` with `words` in ``sys.argv[1:]``; its result is the exit code.

    module: one of ours, by its full name. pass_fds: descriptors that the child inherits.
    variables: more for its environment.

    ``subprocess.run(**children.python("edgefmnist.runtime.probe", path), capture_output=True)``

    Raises: OSError where no descriptors are left.
    """
    lifeline, _ = _lifeline()
    path = [entry for entry in sys.path if isinstance(entry, str) and Path(entry).is_absolute()]
    flags = [flag for name, flag in _FLAGS.items() if getattr(sys.flags, name)]
    return {
        "args": [sys.executable, *flags, str(_LAUNCHER), module, *map(str, words)],
        "env": environment()
        | {VARIABLE: json.dumps({"path": path, "lifeline": lifeline})}
        | dict(variables),
        "pass_fds": (lifeline, *pass_fds),
    }


def environment() -> dict[str, str]:
    """The environment for any child process: that of this one without options and secrets."""
    return {name: value for name, value in os.environ.items() if not _PRIVATE.match(name)}


@contextlib.contextmanager
def private_set_aside(*kept: str) -> Iterator[None]:
    """Do without options and secrets for the length of the block: a library starts children in it.

    kept: beginnings of names that the library itself needs.
    """
    aside = os.environ.keys() - environment().keys()
    values = {name: os.environ.pop(name) for name in aside if not name.startswith(kept)}
    try:
        yield
    finally:
        os.environ.update(values)


@functools.cache
def _lifeline() -> tuple[int, int]:
    """A pipe to which nothing is ever written; its other end closes when this process ends."""
    return os.pipe()
