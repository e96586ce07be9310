"""What is silenced stays off the terminal, whichever way it would take there."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import warnings

import pytest

from edgefmnist.quiet import silenced_stderr

UNDER_A_BAR = """
import os, sys, warnings
from edgefmnist.quiet import silenced_stderr
from edgefmnist.render.progress import Stages

with Stages() as stages:
    stages.stage("Working")
    with silenced_stderr():
        warnings.warn("by Python")
        print("printed", file=sys.stderr)
        os.write(2, b"by native code")
"""


def test_a_progress_bar_leads_nothing_past_it() -> None:
    """In a terminal Rich replaces stderr while a bar is shown."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", UNDER_A_BAR], stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # how a terminal ends whose other side is closed
        pass
    os.close(ours)
    assert child.wait(60) == 0
    assert b"Working" in shown and b"done" in shown
    assert not any(word in shown for word in (b"by Python", b"printed", b"native"))


def test_stderr_is_as_before_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stderr
    with silenced_stderr():
        print("unheard", file=sys.stderr)
    assert sys.stderr is before
    with warnings.catch_warnings(record=True) as heard:
        warnings.warn("heard", stacklevel=1)
    print("said", file=sys.stderr)
    assert len(heard) == 1 and capsys.readouterr().err == "said\n"
