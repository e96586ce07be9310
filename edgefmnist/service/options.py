"""The camera's options as those of a service, which runs elsewhere and as somebody else."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from edgefmnist.errors import UsageError
from edgefmnist.service.program import closed_part, in_home
from edgefmnist.service.unit import STATE_FOLDER, Credential

_TEMPORARY = ("/tmp", "/var/tmp")  # the service has others of its own
_FIRST_OPEN_PORT = 1024


class Kind(enum.Enum):
    """What the value of an option is."""

    FLAG = enum.auto()
    TEXT = enum.auto()
    READ = enum.auto()
    """A file or folder that the service reads."""
    WRITTEN = enum.auto()
    """A file or folder that it writes."""
    SECRET = enum.auto()
    """A file for root's eyes, which systemd hands over."""
    ADDRESS = enum.auto()
    """HOST:PORT to listen at."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of the camera as the user gave it; name: with its dashes."""

    name: str
    kind: Kind
    value: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """Words of the command and the credentials they name; see `unit.UnitConfig`."""

    words: tuple[str | Credential, ...]
    credentials: tuple[tuple[str, str], ...]


def for_service(options: Iterable[Option]) -> ServiceOptions:
    """Check `options` for a service. Raises: UsageError at what could only fail there."""
    words: list[str | Credential] = []
    credentials: list[tuple[str, str]] = []
    for option in options:
        if option.kind is Kind.FLAG:
            words.append(option.name)
            continue
        if option.kind is Kind.SECRET:
            name = option.name.strip("-").removesuffix("-file")
            credentials.append((name, _absolute(option)))
            words.append(Credential(option=option.name, name=name))
            continue
        if option.kind is Kind.READ:
            _check_read(option)
        elif option.kind is Kind.WRITTEN:
            _check_written(option)
        elif option.kind is Kind.ADDRESS:
            _check_address(option)
        words.append(f"{option.name}={option.value}")
    return ServiceOptions(words=tuple(words), credentials=tuple(credentials))


def _absolute(option: Option) -> str:
    path = Path(option.value)
    if not path.is_absolute():
        raise UsageError(
            f"{option.name} {option.value}: the service runs in another folder, so give the whole "
            f"path: {path.absolute()}"
        )
    if not path.exists():
        raise UsageError(f"{option.name} {option.value}: there is no such file")
    return option.value


def _check_read(option: Option) -> None:
    path = Path(_absolute(option))
    closed = closed_part(path)
    if in_home(path) or any(path.is_relative_to(one) for one in _TEMPORARY) or closed:
        where = f" ({closed} is closed to it)" if closed else ""
        raise UsageError(
            f"{option.name} {path}: the service's own user cannot read that{where}; copy it to "
            f"/etc/edgefmnist, let everybody read it, and name it there"
        )


def _check_written(option: Option) -> None:
    path = PurePosixPath(STATE_FOLDER, option.value)
    if ".." in path.parts or not path.is_relative_to(STATE_FOLDER):
        raise UsageError(
            f"{option.name} {option.value}: the service writes in {STATE_FOLDER} alone; give a "
            f"name below that, such as {option.name} {path.name}"
        )


def _check_address(option: Option) -> None:
    port = option.value.rpartition(":")[2]
    if port.isdecimal() and 0 < int(port) < _FIRST_OPEN_PORT:
        raise UsageError(
            f"{option.name} {option.value}: ports below {_FIRST_OPEN_PORT} are root's, and the "
            "service is not; give another, such as 8080"
        )
