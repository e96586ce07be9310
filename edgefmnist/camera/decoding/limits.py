"""How large a coded live frame may be, judged by what it declares, before anything is decoded.

Of picture files: `pictures.limits`.
"""

from __future__ import annotations

import dataclasses

MEGA = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one door lets in.

    most_pixels: width times height above which a picture is refused. most_coefficient_bytes: a
    JPEG of several scans, such as a progressive one, is held whole as coefficients, whatever size
    it is decoded to. whole_pixels: up to so many it is decoded at its own size; above, at a half, a
    quarter or an eighth, so that at most `reduced_pixels` are left (as long as an eighth does it).
    """

    most_pixels: int
    most_coefficient_bytes: int
    whole_pixels: int
    reduced_pixels: int = 4 * MEGA

    def reduction(self, pixels: int) -> int:
        """1, 2, 4 or 8: by what width and height are divided when decoding."""
        if pixels <= self.whole_pixels:
            return 1
        return next((by for by in (2, 4) if pixels <= by * by * self.reduced_pixels), 8)


STREAM = Limits(most_pixels=100 * MEGA, most_coefficient_bytes=64 * MEGA, whole_pixels=4 * MEGA)
"""A frame from the network, of which several are in memory at once on a board with little."""

CAMERA = Limits(most_pixels=100 * MEGA, most_coefficient_bytes=64 * MEGA, whole_pixels=100 * MEGA)
"""A frame of a camera on this machine, whose size the user chose."""

MOST_VIDEO_PIXELS = 40 * MEGA
"""Width times height of a picture in a coded video or stream: 8K has 33 million."""
