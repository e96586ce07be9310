"""JPEG pictures, from files, wires and cables: whole ones only."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.decoding.jpeg_structure import (
    END,
    FEW_BYTES,
    DamagedPicture,
    Structure,
    read_structure,
)
from edgefmnist.camera.decoding.limits import MEGA, Limits
from edgefmnist.camera.sources.opencv import cv2
from edgefmnist.quiet import heard_stderr

Pixels = npt.NDArray[np.uint8]

START = b"\xff\xd8"
_STRAY = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0x([0-9a-f]{2})")
_FEW_ZEROS = 4  # coded data may well end in them
_LONGEST_SIDE = 65_500  # libjpeg's


class TooLarge(ValueError):
    """A picture that declares more than its `Limits` allow; its words say how much."""


def decode(data: bytes, limits: Limits) -> Pixels:
    """Decode one JPEG, reduced where `limits` say so.

    Returns: uint8 [height, width, 3] in B, G, R order.
    Raises: DamagedPicture, TooLarge.
    """
    structure = read_structure(data)
    check_size(structure, limits)
    by = limits.reduction(structure.pixels)
    flag = cv2.IMREAD_COLOR if by == 1 else getattr(cv2, f"IMREAD_REDUCED_COLOR_{by}")
    return decode_with(data, structure, flag)


def decode_with(data: bytes, structure: Structure, flags: int) -> Pixels:
    """Decode one JPEG with `flags` of cv2.imdecode, if all of its pixels are there.

    OpenCV hands out a picture with gray, or with rows of the picture before (opencv#26488), in
    place of what is missing, and only libjpeg's warning on stderr says so. It prints the first
    warning alone, so a harmless one would hide damage: known quirks of encoders (an odd JFIF
    version, odd scan parameters, a few stray bytes, no end marker) are taken out before decoding,
    and what remains is about coded data. Of that, some bytes too many before a marker are harmless,
    if no part of the picture misses them.

    Returns: as cv2.imdecode.
    Raises: DamagedPicture.
    """
    whole = _edited(data, structure)
    pixels, warning = _decoded(whole, flags)
    if warning:
        _check_warning(warning, whole)
    if pixels is None:
        raise DamagedPicture("it does not decode")
    return pixels


def check_size(structure: Structure, limits: Limits) -> None:
    """Raises: TooLarge."""
    if structure.pixels > limits.most_pixels:
        raise TooLarge(
            f"{structure.width}x{structure.height} pixels, over "
            f"{limits.most_pixels // MEGA} million"
        )
    if structure.coefficient_bytes > limits.most_coefficient_bytes:
        raise TooLarge(
            f"{structure.width}x{structure.height} pixels in {structure.scans} scans, which takes "
            f"{structure.coefficient_bytes // MEGA} MB to decode"
        )


def _edited(data: bytes, structure: Structure) -> bytes:
    """`data` without the quirks that `structure` found."""
    if not structure.edits and structure.has_end:
        return data
    pieces, at = [], 0
    for start, end, new in structure.edits:
        pieces += [data[at:start], new]
        at = end
    pieces.append(data[at:])
    whole = b"".join(pieces)
    if structure.has_end:
        return whole
    # What is not there was often set aside as zeros: they must not pass for coded data.
    body = whole.rstrip(b"\0\xff")
    return body + whole[len(body) :].split(b"\xff")[0][:_FEW_ZEROS] + END


def _decoded(data: bytes, flag: int) -> tuple[Pixels | None, str]:
    """The pixels and what libjpeg said; a size that OpenCV refuses has none."""
    try:
        with heard_stderr() as said:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:
        return None, ""
    lines = (line for line in said.decode(errors="replace").splitlines() if line)
    warning = next((line for line in lines if not line.startswith("[")), "")  # [: OpenCV's own log
    return None if pixels is None else np.asarray(pixels, np.uint8), warning


def _check_warning(warning: str, data: bytes) -> None:
    """Raises: DamagedPicture, unless the `warning` and all that it may hide is harmless."""
    found = _STRAY.match(warning)
    if found is None:
        raise DamagedPicture(f"libjpeg: {warning}")
    marker, structure = int(found[2], 16), read_structure(data)
    if structure.one_scan:  # without what follows the picture
        data = data[: data.find(END, structure.scan_at)] + END
    if structure.restart_interval and structure.one_scan:
        for segment in _segments(data, structure):
            _check_tail(segment, _decoded(segment, cv2.IMREAD_REDUCED_GRAYSCALE_8)[1])
    elif marker == END[1] and not structure.restart_interval:  # the last that there can be
        _check_tail(data, warning)
    else:
        raise DamagedPicture(f"libjpeg: {warning}")


def _check_tail(data: bytes, warning: str) -> None:
    """Whether bytes too many at the end of `data` may be padding. Raises: DamagedPicture."""
    if not warning:
        return
    found = _STRAY.match(warning)
    body = data[: data.rfind(END)]
    padding = len(body) - len(body.rstrip(body[-1:]))
    if found is not None and padding > FEW_BYTES // 4:
        # The same byte again and again: padding, or a lost block in the place of coded data.
        cut = body[: len(body) - padding + _FEW_ZEROS] + END
        _, without = _decoded(cut, cv2.IMREAD_REDUCED_GRAYSCALE_8)
        found = _STRAY.match(without) if without else None
        if not without:
            return
    if found is None or int(found[1]) > FEW_BYTES:
        raise DamagedPicture(f"libjpeg: {warning}")


def _segments(data: bytes, structure: Structure) -> Iterator[bytes]:
    """Each restart interval of the one scan as a JPEG of its own. Raises: DamagedPicture."""
    coded = data[structure.scan_at : -len(END)]
    pieces = re.split(rb"\xff+([\xd0-\xd7])", coded)
    codes = b"".join(pieces[1::2])
    wide, high = structure.mcu
    row = -(-structure.width // wide)
    count, each = row * -(-structure.height // high), structure.restart_interval
    if not each or codes != bytes(0xD0 + k % 8 for k in range(-(-count // each) - 1)):
        raise DamagedPicture("some of its restart markers are missing")
    head, at = bytearray(data[: structure.scan_at]), structure.size_at
    for index, piece in enumerate(pieces[::2]):
        size = min(each, count - index * each)
        across = size if size * wide <= _LONGEST_SIDE else row
        if size % across:
            raise DamagedPicture("its restart intervals are of an odd size")
        head[at : at + 2] = (size // across * high).to_bytes(2, "big")
        head[at + 2 : at + 4] = (across * wide).to_bytes(2, "big")
        yield bytes(head) + piece + END
