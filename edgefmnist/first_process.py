"""The duties of a system's first process (PID 1), which a container's program is.

It inherits every process whose parent is gone and must wait for it, else a zombie stays for each;
and it gets no signal that it has no handler for. So the work is done in a child, and what is left
here passes signals on and waits. ``docker run --init`` does the same.
"""

from __future__ import annotations

import contextlib
import os
import signal

_KEPT = {signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE}
"""Signals that are about this process itself; all others are for the child."""


def do_duties() -> None:
    """Return at once; as PID 1, return in a child process and end when that ends."""
    if os.getpid() != 1:
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    child = os.fork()
    if child:
        _wait_for(child)
    # Ctrl-C shall reach the child once: as a group of its own, the one in front of the terminal.
    os.setpgid(0, 0)
    with contextlib.suppress(OSError):  # there is no terminal
        os.tcsetpgrp(0, os.getpgrp())
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait_for(child: int) -> None:
    """Pass on each signal and wait for each process that ends; end with the code of `child`."""
    while True:
        number = signal.sigwait(signal.valid_signals())
        if number not in _KEPT:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == child:
                    code = os.waitstatus_to_exitcode(ended[1])
                    os._exit(code if code >= 0 else 128 - code)
