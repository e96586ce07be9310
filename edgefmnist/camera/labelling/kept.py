"""The frames that wait for a label, the most informative first."""

from __future__ import annotations

import dataclasses
import math
import os
from pathlib import Path
from typing import Any

from edgefmnist import files
from edgefmnist.camera.pictures.saved_names import MOST_RECORD_BYTES, SAVED
from edgefmnist.class_names import MOST, MOST_CHARACTERS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KeptFrame:
    """One frame and what the model made of it when it was kept.

    number: of all frames ever kept; a later one is larger. time: UTC in ISO 8601; may be empty.
    why: see `sinks.uncertain.Why`; may be empty. unknown: whether that was the answer.
    known: 0..1 (`Prediction.known`). top: (label, probability) of every class, best first; empty
    where no garment was found, or nothing is known of the frame.
    """

    stem: str
    number: int
    time: str = ""
    why: str = ""
    unknown: bool = True
    known: float = 0.0
    top: tuple[tuple[str, float], ...] = ()

    @property
    def sureness(self) -> float:
        """How sure the model was, 0..1: `known` times the lead of the best class over the second.

        The lead is the margin of Scheffer et al. 2001, "Active Hidden Markov Models for Information
        Extraction", by which the least sure is asked about first.
        """
        scores = [score for _, score in self.top[:2]]
        return self.known * (scores[0] - sum(scores[1:])) if scores else 0.0


class KeptFrames:
    """The kept frames of a folder; remembers what it read."""

    def __init__(self, folder: Path) -> None:
        """Of `folder`, which need not be there yet."""
        self._folder = folder
        self._read: dict[str, tuple[int, KeptFrame]] = {}  # by stem, with the record's time

    def list(self) -> list[KeptFrame]:
        """Those that are there now.

        First those that somebody kept by hand, then by `KeptFrame.sureness`, then those in which
        no garment was found; of equals the newest first. Raises: OSError.
        """
        found = self._scan()
        read = {stem: self._frame(stem, about) for stem, about in found.items()}
        self._read = read
        return sorted((frame for _, frame in read.values()), key=_order)

    def _scan(self) -> dict[str, tuple[int, int]]:
        """Number and time of the record in ns (0 without one) of each frame, by its stem."""
        photos: dict[str, int] = {}
        records: dict[str, int] = {}
        try:
            entries = os.scandir(self._folder)
        except FileNotFoundError:
            return {}
        with entries:
            for entry in entries:
                ours = SAVED.fullmatch(entry.name)
                if ours is None or entry.name.endswith(".png"):
                    continue
                try:
                    about = entry.stat(follow_symlinks=False)
                    regular = entry.is_file(follow_symlinks=False)
                except OSError:  # gone meanwhile
                    continue
                if regular and entry.name.endswith(".jpg"):
                    photos[ours[1]] = int(ours[2])
                elif regular:
                    records[ours[1]] = about.st_mtime_ns
        return {stem: (number, records.get(stem, 0)) for stem, number in photos.items()}

    def _frame(self, stem: str, about: tuple[int, int]) -> tuple[int, KeptFrame]:
        number, written_ns = about
        before = self._read.get(stem)
        if before is not None and before[0] == written_ns:
            return before
        fields = _fields(self._folder / f"{stem}.json") if written_ns else {}
        return written_ns, KeptFrame(stem=stem, number=number, **fields)


def _order(frame: KeptFrame) -> tuple[int, float, int]:
    kind = 0 if frame.why == "kept" else 1 if frame.top else 2
    return kind, frame.sureness, -frame.number


def _fields(path: Path) -> dict[str, Any]:
    """What a record says, as far as it makes sense: anybody may have written it."""
    try:
        told = files.read_json(path, MOST_RECORD_BYTES)
    except (OSError, ValueError):
        return {}
    if not isinstance(told, dict):
        return {}
    fields: dict[str, Any] = {name: _text(told.get(name)) for name in ("time", "why")}
    fields["top"] = _top(told.get("top"))
    fields["known"] = _share(told.get("known")) or 0.0
    fields["unknown"] = told.get("unknown") is not False
    return fields


def _top(told: object) -> tuple[tuple[str, float], ...]:
    top = []
    for one in told[:MOST] if isinstance(told, list) else ():
        label = _text(one.get("label")) if isinstance(one, dict) else ""
        score = _share(one.get("score")) if label else None
        if score is None:
            return ()
        top.append((label, score))
    return tuple(sorted(top, key=lambda pair: -pair[1]))


def _text(value: object) -> str:
    fits = isinstance(value, str) and len(value) <= MOST_CHARACTERS and value.isprintable()
    return str(value) if fits else ""


def _share(value: object) -> float | None:
    """`value` where it is a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else None
