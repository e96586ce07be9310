"""What every reader of headers gives, and how one refuses."""

from __future__ import annotations

import dataclasses

from edgefmnist.camera.decoding.jpeg_structure import Structure

DAMAGED = "is a damaged picture"


class Unreadable(Exception):
    """A picture that is not decoded; the message is what follows after its name in a sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file declares.

    kind: name of the format. width, height: in pixels as stored, before `orientation`.
    orientation: EXIF's number, 1 to 8, of the turn that is left to whoever decodes; see `turns`.
    alpha: it may be transparent. deep: more than 8 bits a sample.
    overhead_bytes: memory that the decoder takes beside its output.
    scales: the decoder makes smaller pictures cheaper (JPEG alone).
    white: the sample that stands for white where the decoder does not heed it, else 0.
    animated: there is more than one picture in it.
    taken: when, as `exif.taken`; empty where the file does not say.
    structure: of a JPEG, whose decoding needs it.
    """

    kind: str
    width: int
    height: int
    orientation: int = 1
    alpha: bool = False
    deep: bool = False
    overhead_bytes: int = 0
    scales: bool = False
    white: int = 0
    animated: bool = False
    taken: str = ""
    structure: Structure | None = None

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height
