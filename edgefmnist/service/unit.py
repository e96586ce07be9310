"""The text of ``edgefmnist.service``."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from edgefmnist.errors import UsageError

NAME = "edgefmnist.service"
STATE_FOLDER = "/var/lib/edgefmnist"
SECRETS_FILE = "/etc/edgefmnist/camera.env"

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")

# Written for systemd 252 (Bookworm) and later. Every line that is not obvious says why.
_TEMPLATE = """\
# Written by: edgefmnist service
[Unit]
Description=edgefmnist: names the garment in front of the camera
After=network.target modprobe@videodev.service
# DeviceAllow= below holds for drivers that are there by now: a camera's may come later in the boot,
# or when somebody plugs one in.
Wants=modprobe@videodev.service
# It never gives up, however often it had to be started again.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=:{command}
# `systemctl reload` takes another model, if it is sound.
ExecReload=/bin/kill -HUP $MAINPID
# Options as EDGEFMNIST_..., and secrets; readable by root alone.
EnvironmentFile=-{secrets}
{credentials}\
# Told alive only by a frame that was classified, so this ends a service whose camera is stuck.
WatchdogSec=60
WatchdogSignal=SIGTERM
Restart=always
RestartSec=5
TimeoutStopSec=20

# A user made up at each start, who owns this folder and nothing else.
DynamicUser=yes
StateDirectory=edgefmnist
WorkingDirectory=%S/edgefmnist
UMask=0077
CapabilityBoundingSet=
NoNewPrivileges=yes

ProtectSystem=strict
ProtectHome={protect_home}
PrivateTmp=yes
PrivateMounts=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes

# Cameras, and what libcamera needs for one: its media controller and memory for its buffers.
DevicePolicy=closed
DeviceAllow=char-video4linux rw
DeviceAllow=char-media rw
DeviceAllow=char-dma_heap rw
SupplementaryGroups=video

# Netlink is for udev, by which libcamera finds its devices.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# A process that learns or tries a model leaves the camera its time.
SystemCallFilter=setpriority
# Refused, not killed: a library that asks for a priority goes on without it.
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class UnitConfig:
    """What one unit runs.

    program: the words that start edgefmnist, the first an absolute path. options: words of
    ``edgefmnist camera``, in which ``Credential`` stands for the path of one. credentials: name and
    absolute path of files that systemd, as root, hands to the service. home: what of `program`
    lies in a home folder, if anything does.
    """

    program: tuple[str, ...]
    options: tuple[str | Credential, ...] = ()
    credentials: tuple[tuple[str, str], ...] = ()
    home: Path | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A word that ends in the path under which the service finds a credential."""

    option: str
    name: str


def unit_text(config: UnitConfig) -> str:
    """The unit file. Raises: UsageError where a word cannot stand in one."""
    first = " ".join(map(quoted, (*config.program, "camera")))
    options = (
        f"{one.option}=%d/{one.name}" if isinstance(one, Credential) else quoted(one)
        for one in config.options
    )
    credentials = "".join(
        f"LoadCredential={name}:{_specifiers(_printable(path))}\n"
        for name, path in config.credentials
    )
    return _TEMPLATE.format(
        command=" \\\n    ".join((first, *options)),
        secrets=SECRETS_FILE,
        credentials=credentials,
        protect_home="yes" if config.home is None else "read-only",
    )


def quoted(word: str) -> str:
    """`word` so that systemd reads it back as one and the same, in an ``ExecStart=:``.

    Source: systemd.service(5), "Command lines", and systemd.unit(5), "Specifiers". The colon takes
    the dollar sign its meaning. Raises: UsageError.
    """
    escaped = _specifiers(_printable(word))
    if _PLAIN.fullmatch(escaped):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _specifiers(word: str) -> str:
    return word.replace("%", "%%")


def _printable(word: str) -> str:
    if not word.isprintable():  # control characters, and bytes of a file name that are no UTF-8
        raise UsageError(f"{word!r} cannot stand in a unit file: use printable characters alone")
    return word
