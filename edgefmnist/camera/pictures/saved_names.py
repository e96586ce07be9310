"""Names and sizes of the files that ``--save-uncertain`` writes."""

from __future__ import annotations

import re

SAVED = re.compile(r"(edgefmnist-([0-9]{8,18})-[0-9]{8}T[0-9]{6}Z)\.(?:jpg|png|json)", re.ASCII)
"""Stem and number of one such name."""

MOST_RECORD_BYTES = 262_144
"""Of the JSON beside a frame, which anybody may have written."""


def saved_stem(number: int, time: str) -> str:
    """The stem of frame `number`; time: ``2026-01-31T12:00:00.123Z``."""
    return f"edgefmnist-{number:08}-{time[:19].replace('-', '').replace(':', '')}Z"


def is_saved_frame(name: str) -> bool:
    """Whether a file is so called."""
    return SAVED.fullmatch(name) is not None
