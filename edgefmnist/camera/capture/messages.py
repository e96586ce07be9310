"""What the loop's process and the capture process say to each other.

Over a socket that keeps messages apart (SOCK_SEQPACKET), each one JSON object. The loop's side
asks, the capture process answers each question once: `Opened` to the first, which names the source,
and `Given`, `Nothing`, `PassedOver` or `Ended` to `GIVE`; `Failed` may answer either. Pixels do not
travel here but in shared memory (`pixels`). That belongs to whoever had the last message: the
capture process between question and answer, else the loop's. So no lock is needed that a killed
process could keep.
"""

from __future__ import annotations

import dataclasses
import json
import socket
from pathlib import Path
from typing import Any

from edgefmnist import errors, json_text
from edgefmnist.camera.events import Fault
from edgefmnist.camera.source import SourceConfig
from edgefmnist.camera.view import View
from edgefmnist.errors import EdgeFmnistError

GIVE = b"{}"
"""Asks for the next frame."""

_MOST_BYTES = 65_536


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The source is open; see `Source` and `source.Remembered`."""

    name: str
    live: bool
    camera: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A frame lies in shared memory: uint8 [height, width, 3] from its start on.

    read_ns: how long reading and decoding took. dropped: frames not handed over so far. The others:
    see `Frame`.
    """

    height: int
    width: int
    captured_ns: int
    read_ns: int
    dropped: int
    index: int
    name: str
    true_label: int | None
    proven_new: bool
    full_size: tuple[int, int] | None = None

    @property
    def size(self) -> int:
        """Bytes of the pixels."""
        return self.height * self.width * 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No good frame so far.

    fault: what was wrong with the newest, empty where none came. due_ns: see `source.Paced`.
    """

    fault: Fault
    dropped: int
    due_ns: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """The source passed a file over; see `picture_folder.OnNote`."""

    note: str
    bad: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """There are no more frames."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The source raised.

    error: the name of the class of ours. message: its line. gave: whether it had given a frame
    before, also one that nobody has asked for.
    """

    error: str
    message: str
    gave: bool = False

    def exception(self) -> EdgeFmnistError:
        """The error that the source raised, to be raised here."""
        kind = getattr(errors, self.error, EdgeFmnistError)
        return kind(self.message)


Answer = Opened | Given | Nothing | PassedOver | Ended | Failed

_ANSWERS = {kind.__name__: kind for kind in (Opened, Given, Nothing, PassedOver, Ended, Failed)}


def failure(error: Exception) -> Failed:
    """`error` as a message; one that is not ours keeps its name in its words."""
    if isinstance(error, EdgeFmnistError):
        return Failed(error=type(error).__name__, message=str(error))
    words = f"a defect in edgefmnist: {type(error).__name__}: {error}"
    return Failed(error="EdgeFmnistError", message=words)


def ask_to_open(connection: socket.socket, config: SourceConfig) -> None:
    """Send the first question. Raises: OSError."""
    fields = dataclasses.asdict(config)
    fields["ca"] = None if config.ca is None else str(config.ca)
    connection.send(json_text.dumps(fields).encode())


def asked_to_open(connection: socket.socket) -> SourceConfig:
    """Receive the first question. Raises: OSError, EOFError."""
    fields = json.loads(_received(connection))
    fields["size"] = None if fields["size"] is None else tuple(fields["size"])
    fields["ca"] = None if fields["ca"] is None else Path(fields["ca"])
    fields["camera"] = tuple(fields["camera"])
    view = fields["view"]
    view["crop"] = None if view["crop"] is None else tuple(view["crop"])
    fields["view"] = View(**view)
    return SourceConfig(**fields)


def asked(connection: socket.socket) -> bool:
    """Wait for the next question; false where the other side is gone or has closed."""
    try:
        return bool(connection.recv(_MOST_BYTES))
    except OSError:
        return False


def answer(connection: socket.socket, message: Answer) -> None:
    """Answer a question. Raises: OSError."""
    fields = {"kind": type(message).__name__} | dataclasses.asdict(message)
    if isinstance(message, Failed):
        fields["message"] = message.message[: _MOST_BYTES // 8]
    elif isinstance(message, PassedOver):
        fields["note"] = message.note[: _MOST_BYTES // 8]
    connection.send(json_text.dumps(fields).encode())


def answered(connection: socket.socket) -> Answer:
    """Receive an answer that is there. Raises: OSError, EOFError where the other side is gone."""
    fields: dict[str, Any] = json.loads(_received(connection))
    for name in ("full_size", "camera"):
        if fields.get(name) is not None:
            fields[name] = tuple(fields[name])
    answer: Answer = _ANSWERS[fields.pop("kind")](**fields)
    return answer


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(_MOST_BYTES)
    if not data:
        raise EOFError
    return data
