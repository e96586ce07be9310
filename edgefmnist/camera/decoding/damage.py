"""Damage to pictures other than JPEG that their decoder lets pass.

OpenCV refuses cut files of every kind, and PNG with a wrong checksum. Uncompressed ones (BMP, PPM,
plain TIFF) have nothing by which a wrong value could be known.
"""

from __future__ import annotations

import re
import struct

from edgefmnist.camera.decoding.jpeg_structure import DamagedPicture

_LOST = bytes(4000)  # WebP of a plain picture may hold 2,000 zeros; a lost block of a disk is 4096


def check(data: bytes, said: bytes) -> None:
    """Look at a picture that was decoded. said: what its decoder wrote on stderr meanwhile.

    Raises: DamagedPicture.
    """
    # Pixels that cannot be decompressed are left black; a field with an odd value costs none.
    if re.search(rb"TIFF_Error (?!_TIFFVSetField)", said):
        raise DamagedPicture("a part of it does not decompress")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _check_webp(data)


def _check_webp(data: bytes) -> None:
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind in (b"VP8 ", b"VP8L") and data.find(_LOST, at, at + 8 + size) >= 0:
            raise DamagedPicture("a part of it was lost and is all zeros")
        at += 8 + size + size % 2
