"""Which broker, and how to get in: from the URL, a file or the environment."""

from __future__ import annotations

import dataclasses
import os
import re
import ssl
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from edgefmnist.camera.sinks.mqtt.identity import default_topic
from edgefmnist.errors import UsageError

_FORM = "mqtt[s]://[USER@]HOST[:PORT][/TOPIC]"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_LONGEST_TOPIC = 200
_LONGEST_PASSWORD = 1000
_PASSWORD = "EDGEFMNIST_MQTT_PASSWORD"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where and how to connect. topic: the prefix of ours. tls: None for a plain connection."""

    host: str
    port: int
    topic: str
    user: str | None
    password: str | None = dataclasses.field(repr=False)
    tls: ssl.SSLContext | None

    @property
    def where(self) -> str:
        """For people."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_broker(
    url: str, password_file: Path | None, ca_file: Path | None, source: str = "auto"
) -> Broker:
    """Understand ``--mqtt`` and the options beside it. source: the camera's, for the topic.

    Raises: UsageError, which never repeats the URL: it may hold a password.
    """
    parts = _split(url)
    user = unquote(parts.username) if parts.username else None
    password = _password(password_file)
    if password is not None and user is None:
        raise UsageError(f"--mqtt: a password needs a user: {_FORM}")
    return Broker(
        host=_host(parts),
        port=_port(parts),
        topic=_topic(parts, source),
        user=user,
        password=password,
        tls=_tls(parts.scheme, ca_file),
    )


def _split(url: str) -> SplitResult:
    try:
        if not url.isprintable():  # urlsplit drops line ends and tabs
            raise ValueError
        parts = urlsplit(url)
    except ValueError:
        raise UsageError(f"--mqtt: this is no URL; give {_FORM}") from None
    if parts.scheme not in _PORTS:
        raise UsageError(f"--mqtt: give {_FORM}")
    # A password may hold characters that end a URL's host, so an @ anywhere later gives it away.
    rest = url.partition("://")[2]
    if parts.password is not None or ("@" in rest and "@" not in parts.netloc):
        raise UsageError(
            "--mqtt: no password in the URL, where every user of this machine can read it: put it "
            f"into {_PASSWORD} or a file named with --mqtt-password-file"
        )
    if "?" in url or "#" in url:
        raise UsageError(f"--mqtt: a URL with ? or #; give {_FORM}")
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        host.encode("idna")
    except UnicodeError:
        host = ""
    if not host or re.search(r"[\s%]", host):
        raise UsageError(f"--mqtt: a URL without a usable host; give {_FORM}")
    return host


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise UsageError("--mqtt: the port must be a number from 1 to 65535")
    return port or _PORTS[parts.scheme]


def _topic(parts: SplitResult, source: str) -> str:
    topic = unquote(parts.path).strip("/")
    if not topic:
        return default_topic(source)
    if topic.startswith("$") or re.search("[+#]", topic) or not _fits(topic):
        raise UsageError(
            "--mqtt: the topic must have no + # $ or control characters, and 200 at most"
        )
    return topic


def _fits(topic: str) -> bool:
    return topic.isprintable() and len(topic) <= _LONGEST_TOPIC


def _password(file: Path | None) -> str | None:
    """From the file, else from the environment, else None."""
    if file is None:
        return os.environ.get(_PASSWORD) or None
    try:
        with file.open(encoding="utf-8-sig") as opened:  # some editors begin with a mark
            password = opened.readline(_LONGEST_PASSWORD + 2).rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"--mqtt-password-file {file}: {reason}") from None
    if not password:
        raise UsageError(f"--mqtt-password-file {file}: its first line is empty")
    if len(password) > _LONGEST_PASSWORD or "\0" in password:
        raise UsageError(f"--mqtt-password-file {file}: its first line is not a password")
    return password


def _tls(scheme: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """Certificates are always checked, and the host's name against them."""
    if scheme == "mqtt":
        if ca_file is not None:
            raise UsageError("--mqtt-ca needs an encrypted connection: give mqtts://...")
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:  # SSLError is an OSError
        reason = getattr(error, "strerror", None) or "it holds no certificate"
        raise UsageError(f"--mqtt-ca {ca_file}: {reason}") from None
