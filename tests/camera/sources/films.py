"""Films and streams that FFmpeg makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

PACKET = 188  # bytes of one in an MPEG transport stream
_VIDEO = 0x100  # as FFmpeg numbers it


def make(path: Path, coding: str, scene: str = "testsrc2=s=320x240:r=25:d=3") -> Path:
    """Code a generated `scene` with the words of `coding`."""
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", scene]
    subprocess.run([*command, *coding.split(), str(path)], check=True)
    return path


def lossy(stream: bytes, *places: float) -> bytes:
    """A transport stream that lost a packet of its video at each of `places`, 0..1."""
    packets = [stream[at : at + PACKET] for at in range(0, len(stream), PACKET)]
    video = [n for n, packet in enumerate(packets) if _identifier(packet) == _VIDEO]
    lost = {video[int(place * len(video))] for place in places}
    return b"".join(packet for n, packet in enumerate(packets) if n not in lost)


def _identifier(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]
