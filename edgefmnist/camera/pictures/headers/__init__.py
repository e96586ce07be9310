"""What a picture file says of itself in its first bytes: kind, size, orientation, cost to decode.

All of it is read before a decoder sees the file, since 35 bytes can declare a picture that takes
4 GB. One module for each family of formats; `read_header` finds the right one by the first bytes.
"""

from __future__ import annotations

from edgefmnist.camera.pictures.headers import heif, jpeg, jpeg2000, plain, png, tiff, webp
from edgefmnist.camera.pictures.headers.header import Header, Unreadable

__all__ = ["ACCEPTED", "Header", "Unreadable", "is_picture", "read_header"]

ACCEPTED = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000, PBM, PGM or PPM"

_READERS = (jpeg, png, webp, tiff, heif, jpeg2000, plain)

_CONVERT_HEIC = (
    "HEIC, which cannot be decoded here: convert it with 'heif-convert' (sudo apt install "
    "libheif-examples), or set the phone to JPEG (iPhone: Camera, Formats, Most Compatible)"
)
_DEVELOP_RAW = (
    "a camera's raw file, which cannot be decoded here: export it as JPEG, or take the preview "
    "that is in it with 'exiftool -b -JpgFromRaw' or 'exiftool -b -PreviewImage'"
)

CONVERSIONS = {
    **dict.fromkeys((".heic", ".heif", ".hif", ".heics"), _CONVERT_HEIC),
    **dict.fromkeys(
        (".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos",
         ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf",
         ".srw", ".x3f"),
        _DEVELOP_RAW,
    ),
    ".jxl": "JPEG XL, which cannot be decoded here: convert it with 'djxl' to PNG",
}  # fmt: skip
"""Suffixes of pictures that are not decoded, and what to do with one."""


def read_header(data: bytes) -> Header:
    """The header of a whole file.

    Raises: Unreadable where it is damaged or of a kind that is not decoded, with the reason as it
    follows after a file's name: "is HEIC, ...".
    """
    for reader in _READERS:
        if reader.matches(data):
            header: Header = reader.read(data)
            if header.width < 1 or header.height < 1:
                raise Unreadable("is a picture without pixels")
            return header
    raise Unreadable(f"is {_other_kind(data)}")


def is_picture(start: bytes) -> bool:
    """Whether a file that begins so, with 32 bytes at least, is a picture of an accepted kind."""
    return any(reader.matches(start) for reader in _READERS)


def _other_kind(data: bytes) -> str:
    if heif.is_heic(data):
        return _CONVERT_HEIC
    if tiff.is_raw(data) or data.startswith(b"FUJIFILMCCD-RAW") or data[4:12] == b"ftypcrx ":
        return _DEVELOP_RAW
    if data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return CONVERSIONS[".jxl"]
    return f"not a picture, or a damaged one: want {ACCEPTED}"
