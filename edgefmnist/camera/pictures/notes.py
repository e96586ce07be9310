"""How what is wrong with pictures reaches people, whoever reads them."""

from __future__ import annotations

from typing import Protocol


class OnNote(Protocol):
    """Takes one line for people; an empty one where enough was said.

    bad: a picture cannot be read; else files were left out that are none of ours to read.
    """

    def __call__(self, text: str, *, bad: bool = False) -> None:
        """See above."""
        ...


def unheard(text: str, *, bad: bool = False) -> None:
    """An `OnNote` for where nobody listens."""
