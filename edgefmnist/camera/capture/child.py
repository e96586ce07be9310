"""The capture process: reads one source and hands its frames over when asked.

words: SOCKET MEMORY    (descriptors that it inherits)

One thread reads, another answers, so that a read that hangs in a driver is noticed and told. Both
are killed with the process; a thread that hangs in the kernel could not be.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import resource
import select
import signal
import socket
import sys
import threading
import time

from edgefmnist.camera.capture import messages
from edgefmnist.camera.capture.content import Content
from edgefmnist.camera.capture.messages import Answer, Ended, Failed, Given, Nothing, PassedOver
from edgefmnist.camera.capture.pixels import SharedPixels
from edgefmnist.camera.events import Fault
from edgefmnist.camera.source import Damaged, Paced, Remembered, Source
from edgefmnist.camera.sources.opencv import cv2
from edgefmnist.camera.sources.opening import open_source
from edgefmnist.camera.turning import seen
from edgefmnist.camera.view import View
from edgefmnist.records import Frame

_WHOLE = View()
_PATIENCE_S = 0.25  # how long a question waits for a frame before `Nothing` answers it


class Mailbox:
    """Room for one frame between the thread that reads and the one that answers.

    Of a live source the newest frame lies there, so that whoever is slow never lags. Any other
    source waits until its frame was taken, so that every frame is.
    """

    def __init__(self, *, live: bool, notes: collections.deque[PassedOver] | None = None) -> None:
        """live: see `Source`. notes: what the source says beside its frames, told before them."""
        self._live = live
        self._notes = collections.deque() if notes is None else notes
        self._changed = threading.Condition()
        # What `take` waits for goes through a pipe: before Python 3.11 a timed wait for a lock
        # reads the clock that is set, and hangs for as long as that is set back.
        self._news, self._tell = os.pipe()
        os.set_blocking(self._tell, False)
        self._frame: tuple[Frame, int] | None = None
        self._fault: Fault = ""
        self._last: Answer | None = None  # what every later question is answered with
        self._dropped = 0
        self._gave = False
        self._stopped = False

    def put(self, frame: Frame, read_ns: int, fault: Fault) -> bool:
        """Take in a frame that took `read_ns` to read; false where no more is wanted."""
        with self._changed:
            self._gave = True
            if fault:
                self._dropped += 1
            else:
                if not self._live:
                    self._changed.wait_for(lambda: self._frame is None or self._stopped)
                self._dropped += self._frame is not None
                self._frame = (frame, read_ns)
            self._fault = fault
            self._wake()
            return not self._stopped

    def lose(self, fault: Fault) -> bool:
        """A frame was lost before it was one; false where no more is wanted."""
        with self._changed:
            self._dropped += 1
            if self._live:  # a film's reader waits for what comes after it
                self._fault = fault
                self._wake()
            return not self._stopped

    def finish(self, last: Answer) -> None:
        """Nothing comes any more: answer `last` from now on."""
        with self._changed:
            if isinstance(last, Failed):
                last = dataclasses.replace(last, gave=self._gave)
                if self._live:
                    self._frame = None  # from before the failure, so stale: it is not classified
            self._last = last
            self._wake()

    def stop(self) -> None:
        """Let the reading thread end."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def take(self, memory: SharedPixels) -> Answer:
        """Put the next frame into `memory`, and tell what came of that in `_PATIENCE_S`."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self._has_answer() and (left := deadline - time.monotonic()) > 0:
            if select.select([self._news], [], [], left)[0]:
                os.read(self._news, 4096)
        with self._changed:
            if self._notes:
                return self._notes.popleft()
            if self._frame is None:
                return self._last or Nothing(fault=self._fault, dropped=self._dropped)
            (frame, read_ns), self._frame = self._frame, None
            dropped = self._dropped
            self._changed.notify_all()
        memory.write(frame.pixels)
        height, width = frame.pixels.shape[:2]
        return Given(
            height=height,
            width=width,
            captured_ns=frame.captured_ns,
            read_ns=read_ns,
            dropped=dropped,
            index=frame.index,
            name=frame.name,
            true_label=frame.true_label,
            proven_new=frame.proven_new,
            full_size=frame.full_size,
        )

    def _has_answer(self) -> bool:
        with self._changed:
            return bool(self._notes) or self._frame is not None or self._last is not None

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # enough is in the pipe to wake anybody
            os.write(self._tell, b".")


def read_on(source: Source, mailbox: Mailbox, content: Content | None, view: View = _WHOLE) -> None:
    """Read `source` until it ends, fails or nobody wants more; then close it.

    content: looks whether frames show anything; None: every frame counts. It sees them whole: the
    part that `view` leaves may be a bare wall.
    """
    try:
        with contextlib.closing(source):
            while True:
                start = time.monotonic_ns()
                try:
                    frame = source.read()
                except Damaged:
                    if not mailbox.lose("damaged"):
                        return
                    continue
                if frame is None:
                    break
                fault: Fault = ""
                if content is not None:
                    fault = content.fault(frame.pixels, proven_new=frame.proven_new)
                if view != _WHOLE:
                    frame = _seen(frame, view)
                read_ns = time.monotonic_ns() - start
                if not mailbox.put(frame, read_ns, fault):
                    return
        mailbox.finish(Ended())
    except Exception as error:  # whatever it is, the loop's side tells the user
        mailbox.finish(messages.failure(error))


def _seen(frame: Frame, view: View) -> Frame:
    size = None if frame.full_size is None else view.size(frame.full_size)
    return dataclasses.replace(frame, pixels=seen(frame.pixels, view), full_size=size)


def main() -> None:
    """Open the source that the first message names, and serve until the other side is gone."""
    # Ctrl-C and the service manager's SIGTERM are for the loop, which then ends us.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # The frames' memory counts as a file: a limit on the size of files (ulimit -f) is not for it.
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    connection = socket.socket(fileno=int(sys.argv[1]))
    memory = SharedPixels(int(sys.argv[2]))
    cv2.setNumThreads(1)  # the other cores are the classifier's
    _serve(connection, memory)


def _serve(connection: socket.socket, memory: SharedPixels) -> None:
    notes: collections.deque[PassedOver] = collections.deque()

    def take_note(text: str, *, bad: bool = False) -> None:
        notes.append(PassedOver(note=text, bad=bad))

    try:
        config = messages.asked_to_open(connection)
        source = open_source(config, take_note)
    except EOFError:
        return
    except Exception as error:
        messages.answer(connection, messages.failure(error))
        return
    mailbox = Mailbox(live=source.live, notes=notes)
    camera = source.camera if isinstance(source, Remembered) else ()
    opened = messages.Opened(name=source.name, live=source.live, camera=camera)
    # A film may stand still or begin in black; a camera that does is broken.
    content = Content() if source.live and not config.realtime else None
    reader = threading.Thread(
        target=read_on, args=(source, mailbox, content, config.view), daemon=True
    )
    reader.start()
    with contextlib.suppress(OSError):
        messages.answer(connection, opened)
        while messages.asked(connection):
            messages.answer(connection, _taken(mailbox, memory, source))
    mailbox.stop()
    reader.join()  # it closes the source; where it hangs, the other side kills us


def _taken(mailbox: Mailbox, memory: SharedPixels, source: Source) -> Answer:
    try:
        answer = mailbox.take(memory)
    except Exception as error:  # no memory for a larger picture
        return messages.failure(error)
    if isinstance(answer, Nothing) and isinstance(source, Paced):
        return dataclasses.replace(answer, due_ns=source.due_ns)
    return answer
