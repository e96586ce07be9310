"""Trying out a stranger's model in a child process first.

The runtime trusts the file: a damaged or malicious model can end the process by a segmentation
fault, which no ``except`` catches, compute without end, or ask for all memory. A checksum is no
guard against that: whoever writes the model writes the checksum.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import time
import warnings
from pathlib import Path
from typing import NoReturn

import numpy as np

from edgefmnist.errors import BadModel, EdgeFmnistError, MissingDependency, one_line
from edgefmnist.quiet import lead_nowhere
from edgefmnist.runtime import interpreter
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile

LIMIT_S = 60
"""Most that trying out a model may take, of the clock and of one processor."""
_MOST_MEMORY_BYTES = 512 << 20
"""Address space that a model may take beside what the process had before."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_IDENTIFIER = b"TFL3"
"""Bytes 4..8 of a TensorFlow Lite flatbuffer (schema.fbs, file_identifier)."""
_MOST_WORDS_BYTES = 2000


def check_mark(path: Path, content: bytes) -> None:
    """See that `content` of `path` calls itself a model. Raises: BadModel."""
    if content[4:8] != _IDENTIFIER:
        raise BadModel(f"{path} is not a TensorFlow Lite model (no {_IDENTIFIER.decode()} mark)")


def check(model: ModelFile, *, reference: bool = False) -> None:
    """Load `model` and run it in a forked child, which takes some hundredths of a second.

    reference: see `interpreter.read`.
    Raises: BadModel when it cannot be loaded and run.
    """
    try:
        interpreter.provider()  # imported before the fork: neither side does it twice
    except MissingDependency:
        return  # whoever wants to run the model will say so
    receiver, sender = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 and some libraries warn of forks beside threads; the child runs our code only.
        warnings.simplefilter("ignore")
        parent = os.getpid()
        child = os.fork()
    if not child:
        _run_and_exit(model, reference, parent, sender)
    os.close(sender)
    finished = False
    try:
        words = _heard(receiver)
        finished = words is not None
    finally:
        os.close(receiver)
        if not finished:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    exit_code = os.waitstatus_to_exitcode(status) if finished else None
    if exit_code in (-signal.SIGINT, -signal.SIGTERM):  # to all of our group: we are stopped
        raise KeyboardInterrupt
    judge(model.path, exit_code, words or "")


def judge(path: Path, exit_code: int | None, words: str) -> None:
    """Say what it means that a child ended so. exit_code: None where it took too long.

    words: why the model is bad, where the child itself found that.
    Raises: BadModel.
    """
    if exit_code in (None, -signal.SIGXCPU):
        raise BadModel(f"{path} is damaged: it did not run within {LIMIT_S} s")
    if exit_code == -signal.SIGKILL:  # the limits above end it in other ways
        raise BadModel(
            f"{path} could not be tried: the process that tried it was killed, as happens where "
            "memory runs out; free some and try again"
        )
    if exit_code and exit_code < 0:
        raise BadModel(f"{path} is damaged: the runtime crashed on it; copy or convert it again")
    if exit_code:
        raise BadModel(one_line(words) or f"{path} cannot be run")  # the runtime's may be several


def exercise(classifier: Classifier, pictures: int = 4) -> None:
    """Let `classifier` answer black, white and noise. Raises: whatever the runtime raises."""
    noise = np.random.default_rng(0).integers(0, 256, (pictures, 28, 28), dtype=np.uint8)
    noise[0], noise[-1] = 0, 255
    for picture in noise:
        classifier.known(classifier.logits(picture[None]))


def confine(most_written_bytes: int) -> None:
    """Bound for good what this process may take: memory, processor time, what it writes to files.

    Call it when everything is imported: memory is counted from here.
    """
    memory = _address_space() + _MOST_MEMORY_BYTES
    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: LIMIT_S,
        resource.RLIMIT_FSIZE: most_written_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):  # a system that does not know this limit
            resource.setrlimit(kind, (most, hard))


def _address_space() -> int:
    """Bytes of address space this process has."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 1 << 30
    return pages * resource.getpagesize()


def _heard(receiver: int) -> str | None:
    """What a child wrote before it ended; None where it did not end in time."""
    heard = b""
    end = time.monotonic() + LIMIT_S
    while select.select([receiver], [], [], max(end - time.monotonic(), 0))[0]:
        part = os.read(receiver, _MOST_WORDS_BYTES)
        if not part:
            return heard[:_MOST_WORDS_BYTES].decode(errors="replace")
        heard += part
    return None


def _end_with(parent: int) -> None:
    """Let the kernel kill us when the parent is gone: a model may keep us busy without end."""
    with contextlib.suppress(AttributeError, OSError):  # a C library without prctl
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _run_and_exit(model: ModelFile, reference: bool, parent: int, sender: int) -> NoReturn:
    """The forked child. Nothing of the parent's is closed, flushed or cleaned up here."""
    code = 1
    try:
        _end_with(parent)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        lead_nowhere(1, 2)  # the runtime's own words, and what C++ says when it aborts
        confine(most_written_bytes=0)
        exercise(Classifier(model, reference=reference))
        code = 0
    except EdgeFmnistError as error:
        code = BadModel.exit_code
        os.write(sender, str(error).encode(errors="backslashreplace")[:_MOST_WORDS_BYTES])
    except BaseException as error:
        words = f"{model.path} is damaged: {error or type(error).__name__}"
        os.write(sender, words.encode(errors="backslashreplace")[:_MOST_WORDS_BYTES])
    finally:
        os._exit(code)
