"""What ``rpicam-hello --list-cameras`` prints, read without OpenCV: the doctor may lack it."""

from __future__ import annotations

import dataclasses
import re


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CsiCamera:
    """One line of ``rpicam-hello --list-cameras``: its number there, sensor and modes."""

    number: int
    sensor: str
    sizes: tuple[str, ...]


def parse_listing(text: str) -> list[CsiCamera]:
    """Read what ``rpicam-hello --list-cameras`` printed."""
    found = []
    # A camera's line reads: 0 : imx708 [4608x2592 10-bit RGGB] (/base/...)
    # and the modes under it: 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
    for part in re.split(r"^(?=[ \t]*\d+ : \S)", text, flags=re.MULTILINE)[1:]:
        head = re.match(r"[ \t]*(\d+) : (\S+)", part)
        assert head is not None
        sizes = dict.fromkeys(re.findall(r"(\d+x\d+) \[\d", part))
        found.append(CsiCamera(number=int(head[1]), sensor=head[2], sizes=tuple(sizes)))
    return found
