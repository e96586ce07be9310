"""``edgefmnist adapt`` in a process of its own, which leaves the camera its time."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
from pathlib import Path
from typing import Any

from edgefmnist import children, json_text
from edgefmnist.errors import GateRefused, one_line

_NICER = 15  # the camera's frames come first
_OOM_SCORE = "800"  # and where memory runs out it is this process that ends
_MOST_BYTES = 4_000_000
_MOST_REASON = 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it is. stage: empty before the first. total: 0 where it is not known."""

    stage: str = ""
    done: int = 0
    total: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of it.

    result: what the command said in JSON; None where it found nothing to say. error: why there is
    no bundle; empty where there is one. refused: whether it is the command's gate that said no.
    """

    result: dict[str, Any] | None
    error: str = ""
    refused: bool = False


class Adapting:
    """One run of the command, from its start to `close`."""

    def __init__(self, photos: Path, model: str | None, out: Path) -> None:
        """Learn from `photos`, beginning with `model` (None: the shipped one). Raises: OSError."""
        words = ["adapt", str(photos.resolve()), "--out", str(out), "--json"]
        if model is not None:
            words += ["--model", model]
        self._answer = os.memfd_create("adapt-answer")
        self._told = os.memfd_create("adapt-told")
        self._heard = 0
        self._rest = b""
        self._reason = ""
        self.progress = Progress()
        try:
            self._child = subprocess.Popen(
                **children.python(
                    "edgefmnist.__main__", *words, variables={"EDGEFMNIST_PROGRESS": "json"}
                ),
                stdin=subprocess.DEVNULL,
                stdout=self._answer,
                stderr=self._told,
            )
        except BaseException:
            self._close_files()
            raise
        with contextlib.suppress(OSError):  # a sandbox may not let us
            os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICER)
        with contextlib.suppress(OSError):
            Path(f"/proc/{self._child.pid}/oom_score_adj").write_text(_OOM_SCORE)

    def poll(self) -> Ended | None:
        """What came of it; None while it takes, and `progress` says how far it is."""
        code = self._child.poll()
        self._listen()
        if code is None:
            return None
        result = self._result()
        if code == 0 and result is not None:
            return Ended(result=result)
        told = result.get("refused") if result else None
        if code == GateRefused.exit_code and isinstance(told, str):
            return Ended(result=result, error=told, refused=True)
        if code < 0:
            return Ended(result=None, error=self._reason or f"it was ended by signal {-code}")
        return Ended(result=None, error=self._reason or f"it ended with exit code {code}")

    def close(self) -> None:
        """End it at whatever point it is; nothing half-written is taken for a bundle."""
        self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in the kernel: leave it
            self._child.wait(1)
        self._close_files()

    def _close_files(self) -> None:
        for number in (self._answer, self._told):
            with contextlib.suppress(OSError):
                os.close(number)

    def _listen(self) -> None:
        """Take in what it wrote to stderr since: its progress in JSON, and words for people."""
        heard = os.pread(self._told, _MOST_BYTES, self._heard)
        self._heard += len(heard)
        *lines, self._rest = (self._rest + heard).split(b"\n")
        for line in lines:
            if not line.startswith(b"{"):
                self._reason = _reason(line) or self._reason
                continue
            with contextlib.suppress(ValueError, TypeError, KeyError):
                told = json_text.loads(line)
                self.progress = Progress(
                    stage=one_line(str(told["stage"])),
                    done=int(told["done"] or 0),
                    total=int(told["total"] or 0),
                )

    def _result(self) -> dict[str, Any] | None:
        try:
            told = json_text.loads(os.pread(self._answer, _MOST_BYTES, 0))
        except ValueError:
            return None
        return told if isinstance(told, dict) else None


def _reason(line: bytes) -> str:
    text = one_line(line.decode("utf-8", "replace")).removeprefix("edgefmnist: ")
    return text.removeprefix("error: ")[:_MOST_REASON]
