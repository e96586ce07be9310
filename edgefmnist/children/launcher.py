"""The file that Python runs first in each child process: ``python .../launcher.py MODULE WORD...``.

Not ``python -m``, which searches the current folder before all others: there a ``numpy.py`` or a
clone of this project would be run in our place (``-P`` is against that, and needs Python 3.11). A
file is searched beside instead, where nothing else lies, until the parent's ``sys.path`` replaces
that.
"""

import _thread
import importlib
import importlib.util
import json
import os
import signal
import sys


def _launch() -> object:
    given = json.loads(os.environ.pop("EDGEFMNIST_CHILD"))
    _thread.start_new_thread(_end_with_the_parent, (given["lifeline"],))
    sys.path[:] = given["path"]
    del sys.argv[0]
    _load_package(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    return importlib.import_module(sys.argv[0]).main()


def _load_package(folder: str) -> None:
    """Import the package that this file lies in, whatever else ``sys.path`` may lead to."""
    spec = importlib.util.spec_from_file_location(
        "edgefmnist", folder + "/__init__.py", submodule_search_locations=[folder]
    )
    assert spec is not None and spec.loader is not None
    package = sys.modules["edgefmnist"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)


def _end_with_the_parent(lifeline: int) -> None:
    """Wait until the parent is gone, at whatever moment; then end, and with us our own group."""
    os.read(lifeline, 1)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    raise SystemExit(_launch())
