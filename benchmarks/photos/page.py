"""The page: its tables from one run, its words from ``page.md`` beside this file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean
from string import Template

import cv2

from benchmarks.photos.curve import Point, at_kept, point
from benchmarks.photos.measure import milliseconds
from benchmarks.photos.score import (
    LENIENT,
    OUTSIDE,
    STRICT,
    Answer,
    Score,
    in_tuning_half,
    macro,
    score,
    share_refused,
)
from benchmarks.photos.variants import ABLATIONS, APPROACHES, AS_IT_IS, Variant
from edgefmnist import environment
from edgefmnist.preprocess import PREPROCESS_ID
from edgefmnist.runtime.bundle import sha256_of
from edgefmnist.runtime.model_file import ModelFile

_KEPT = (0.98, 0.95, 0.92, 0.9, 0.88, 0.85, 0.8, 0.7)  # points of the curve that the table shows


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All answers of one run.

    answers: to all photos; empty: to the empty scenes; threshold: the model's own.
    variants: of the path, each with its answers to the tuning half.
    """

    model: ModelFile
    runtime: str
    threshold: float
    answers: Sequence[Answer]
    empty: Sequence[Answer]
    variants: Sequence[tuple[Variant, Sequence[Answer]]] = ()

    @property
    def halves(self) -> dict[str, list[Answer]]:
        """The answers by half, the tuning half first, and all together last."""
        tuning = [one for one in self.answers if in_tuning_half(one.name)]
        reporting = [one for one in self.answers if not in_tuning_half(one.name)]
        return {"tuning half": tuning, "reporting half": reporting, "all": list(self.answers)}


def page(measured: Measured, points: Sequence[Point]) -> str:
    """The whole page in Markdown. points: the curve of all photos."""
    machine = environment.read()
    words = Template((Path(__file__).parent / "page.md").read_text(encoding="utf-8"))
    return words.substitute(
        count=len(measured.answers),
        tuning_count=len(measured.halves["tuning half"]),
        empty_count=len(measured.empty),
        model=measured.model.name,
        sha256=sha256_of(measured.model.path)[:12],
        preprocess=PREPROCESS_ID,
        runtime=measured.runtime,
        opencv=cv2.__version__,
        machine=f"{machine.board or machine.cpu or machine.architecture}, {machine.cores} cores",
        threshold=f"{measured.threshold:.2f}",
        kinds=_kinds(),
        scores=scores_table(measured),
        folders=_folders_table(measured),
        curve=_curve_table(measured, points),
        ablations=_variants_table("step", measured, ABLATIONS),
        approaches=_variants_table("way", measured, APPROACHES),
    )


def scores_table(measured: Measured) -> str:
    """Scores of both halves and all, with the threshold off and at the model's own."""
    rows = []
    for half, answers in measured.halves.items():
        if not answers:
            continue
        for name, threshold in (("off", None), ("default", measured.threshold)):
            one = score(answers, threshold)
            refused = [""] * (len(OUTSIDE) + 2)  # off refuses nothing
            if threshold is not None:
                refused = [_share(one.refused.get(folder)) for folder in OUTSIDE]
                refused.append(_share(macro(one.refused)))
                refused.append(_share(share_refused(measured.empty, threshold)))
            rows.append(
                (half, str(len(answers)), name, _with_margin(one, one.strict),
                 _with_margin(one, one.lenient), _share(macro(one.kept)), *refused)
            )  # fmt: skip
    head = ("photos", "count", "threshold", "strict", "lenient", "kept",
            *(f"{folder} refused" for folder in OUTSIDE), "the three", "empty refused")  # fmt: skip
    return _table(head, rows)


def _kinds() -> str:
    rows = [
        (folder, ", ".join(sorted(right)), ", ".join(sorted(LENIENT[folder] - right)))
        for folder, right in STRICT.items()
    ]
    return _table(("folder", "right strictly", "right leniently too"), rows)


def _folders_table(measured: Measured) -> str:
    off, on = score(measured.answers, None), score(measured.answers, measured.threshold)
    rows = [
        (f, str(off.counts[f]), *map(_share, (off.strict[f], off.lenient[f], on.strict[f],
         on.lenient[f], on.kept[f])))
        for f in off.strict
    ]  # fmt: skip
    head = ("folder", "photos", "strict, off", "lenient, off", "strict", "lenient", "kept")
    return _table(head, rows)


def _curve_table(measured: Measured, points: Sequence[Point]) -> str:
    default = point(measured.answers, measured.empty, measured.threshold)
    wanted = [(f"keep at least {least:.0%}", at_kept(points, least)) for least in _KEPT]
    rows = [
        (name, f"{p.threshold:.3f}", _share(p.kept), _share(p.refused), _share(p.empty_refused),
         f"{p.strict:.3f}", f"{p.lenient:.3f}")
        for name, p in [*wanted, ("**the default**", default)]
    ]  # fmt: skip
    head = ("to", "threshold", "kept", "hat, shorts and skirt refused", "empty refused", "strict",
            "lenient")  # fmt: skip
    return _table(head, rows)


def _variants_table(what: str, measured: Measured, shown: Sequence[Variant]) -> str:
    names, rows = [variant.name for variant in (AS_IT_IS, *shown)], []
    for variant, answers in measured.variants:
        if variant.name not in names:
            continue
        off, on = score(answers, None), score(answers, measured.threshold)
        garments = [one for one in answers if one.folder in STRICT]
        rows.append(
            (variant.name, f"{macro(off.strict):.3f}", f"{macro(off.lenient):.3f}",
             _share(macro(on.kept)), _share(macro(on.refused)),
             f"{mean(not one.found for one in garments):.1%}", f"{milliseconds(answers):.1f}")
        )  # fmt: skip
    return _table((what, "strict", "lenient", "kept", "refused", "not found", "ms"), rows)


def _with_margin(one: Score, shares: dict[str, float]) -> str:
    return f"{macro(shares):.3f} ± {one.margin(shares):.3f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns after the first are aligned right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
