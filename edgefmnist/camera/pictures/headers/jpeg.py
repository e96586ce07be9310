"""JPEG: size, orientation, and what a progressive one takes (ITU-T T.81, annex B)."""

from __future__ import annotations

from edgefmnist.camera.decoding.jpeg_structure import BEGINS, DamagedPicture, read_structure
from edgefmnist.camera.pictures.headers import exif
from edgefmnist.camera.pictures.headers.header import Header, Unreadable

_DECODED = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})  # baseline, extended, progressive; arithmetic


def matches(data: bytes) -> bool:
    """Whether a file that begins so is one."""
    return data.startswith(BEGINS)


def read(data: bytes) -> Header:
    """Read the header. Raises: Unreadable."""
    try:
        found = read_structure(data)
    except DamagedPicture as error:
        raise Unreadable(f"is a damaged picture: {error}") from error
    if found.process not in _DECODED:
        raise Unreadable("is a JPEG of a rare kind (lossless or 12 bits): save it as a usual one")
    return Header(
        kind="JPEG",
        width=found.width,
        height=found.height,
        orientation=exif.orientation(found.exif) if found.exif else 1,
        overhead_bytes=found.coefficient_bytes,
        scales=True,
        taken=exif.taken(found.exif),
        structure=found,
    )
