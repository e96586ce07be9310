"""Text for pictures that OpenCV draws, whose fonts have ASCII only."""

from __future__ import annotations

import unicodedata

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
)
"""Those that Unicode does not take apart."""


def ascii_text(text: str) -> str:
    """`text` in ASCII: letters without their accents, ``?`` for what has no such form."""
    parts = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    kept = "".join(part for part in parts if not unicodedata.combining(part))
    return kept.encode("ascii", "replace").decode()
