"""One capture process, as the loop's side sees it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess

from edgefmnist import children
from edgefmnist.camera.capture import messages
from edgefmnist.camera.capture.messages import Answer, Given
from edgefmnist.camera.capture.pixels import Pixels, SharedPixels
from edgefmnist.camera.source import SourceConfig

_CHILD = "edgefmnist.camera.capture.child"
_CLOSE_S = 0.5  # for the source to be closed in order; one that waits for a stream will not be
_KILL_S = 1.0  # for a killed process to be gone: one that hangs in the kernel will not be


class CaptureProcess:
    """A process that opens one source, and the questions to it. Nothing here waits unasked."""

    def __init__(self, config: SourceConfig) -> None:
        """Start the process and ask it to open the source. Raises: OSError."""
        self._memory = SharedPixels()
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        descriptors = (theirs.fileno(), self._memory.descriptor)
        wordless = None if os.environ.get("EDGEFMNIST_TRACEBACK") else subprocess.DEVNULL
        try:
            self._child = subprocess.Popen(
                **children.python(_CHILD, *descriptors, pass_fds=descriptors),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=wordless,  # native libraries chatter there; errors come as messages
                start_new_session=True,  # a group of its own: killed with all that it started
            )
        except BaseException:
            self._connection.close()
            self._memory.close()
            raise
        finally:
            theirs.close()
        try:
            messages.ask_to_open(self._connection, config)
        except BaseException:  # it is gone already, or Ctrl-C: nobody else knows of it
            self.kill()
            raise
        self._asked = True

    @property
    def pid(self) -> int:
        """Of the process; also its group."""
        return self._child.pid

    def ask(self) -> bool:
        """Ask for a frame, unless an answer is still awaited; whether it was asked now.

        Raises: OSError where the process is gone.
        """
        if self._asked:
            return False
        self._connection.send(messages.GIVE)
        self._asked = True
        return True

    def answer(self, timeout_s: float) -> Answer | None:
        """The answer to the last question; None where none came in `timeout_s`.

        Raises: EOFError, OSError where the process is gone.
        """
        # Not select, which knows no descriptor from 1024 on: a server in our process may hold many.
        ready = select.poll()
        ready.register(self._connection, select.POLLIN)
        if not ready.poll(1000 * max(0.0, timeout_s)):
            return None
        found = messages.answered(self._connection)
        self._asked = False
        return found

    def pixels(self, given: Given) -> Pixels:
        """The picture that `given` tells of, uint8 [height, width, 3], ours alone."""
        return self._memory.read(given.height, given.width)

    def how_it_ended(self) -> str:
        """Words for a process that is gone or about to be."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_KILL_S)
        code = self._child.returncode
        if code is not None and code < 0:
            return f"the capture process was ended by {signal.Signals(-code).name}"
        return f"the capture process ended with code {code}"

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_KILL_S)
        self._connection.close()
        self._memory.close()

    def close(self) -> None:
        """Let the source be closed in order, then end the process."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_CLOSE_S)
        self.kill()

    def gone(self) -> bool:
        """Whether a killed process is reaped by now."""
        return self._child.poll() is not None
