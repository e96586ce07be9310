"""Text for pictures that OpenCV draws, whose fonts have ASCII only."""

from __future__ import annotations

import unicodedata


def ascii_text(text: str) -> str:
    """`text` in ASCII: letters without their accents, ``?`` for what has no such form."""
    parts = unicodedata.normalize("NFKD", text)
    kept = "".join(part for part in parts if not unicodedata.combining(part))
    return kept.encode("ascii", "replace").decode()
