"""What goes into an adaptation and what comes out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from edgefmnist.records import Certainty
from edgefmnist.runtime.bundle import BundleCard
from edgefmnist.runtime.model_file import ModelFile

Grouping = Literal["time", "folder", "prefix"]
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)
Interval = tuple[float, float]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AdaptConfig:
    """One adaptation, fully decided.

    photos: a folder of folders, one for each class. model: to begin from.
    out: folder that becomes the bundle. max_forget_pp: most accuracy that the old classes may lose,
        in percentage points. grouping: what belongs together (`groups.grouped`).
    only: the new model knows the classes of `photos` and no others.
    all_layers: the whole network is trained further (`edgefmnist.finetuning`), not its last layer.
    """

    photos: Path
    model: ModelFile
    out: Path
    max_forget_pp: float = 1.0
    grouping: Grouping = "time"
    only: bool = False
    all_layers: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """How pictures of one class are answered.

    label: of the class; "unknown" for pictures of none of them. own: the model did not have it.
    pictures, groups: how many. before, after: share answered right, 0..1, by the model as it was
        and by models that had not seen the picture. after_interval: 95 %, Wilson's, over groups.
    refused: share answered `unknown` after. taken_for: the most frequent wrong answer after and how
        often; None without one.
    """

    label: str
    own: bool
    pictures: int
    groups: int
    before: float
    after: float
    after_interval: Interval
    refused: float
    taken_for: tuple[str, int] | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The mean over all classes of the share answered right, which counts each class alike.

    before, after: 0..1, as in `ClassScore`. gain_pp, gain_interval_pp: percentage points, and their
        95 % interval (bootstrap over groups). better_groups, worse_groups: with more and with fewer
        right answers than before.
    """

    before: float
    after: float
    gain_pp: float
    gain_interval_pp: Interval
    better_groups: int
    worse_groups: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OldClasses:
    """Remembered pictures of the classes that the model had and still has.

    before, after: share named right, 0..1, in the data set's own form; 0 pictures where none of the
        classes are left. outliers_refused: share of remembered outliers answered `unknown`, before
        and after.
    """

    pictures: int
    before: float
    after: float
    lost_interval_pp: Interval
    outliers_refused: tuple[float, float]

    @property
    def lost_pp(self) -> float:
        """Percentage points lost."""
        return 100 * (self.before - self.after)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """Score (as `Score.after`) that models reach with so many pictures."""

    pictures: int
    score: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A picture whose label models that had not seen it contradict.

    probability: that they give to its label, 0..1. answer: what they say instead.
    answer_probability: of that.
    """

    path: Path
    label: str
    probability: float
    answer: str
    answer_probability: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What cross-validation and the remembered pictures say of a new last layer.

    share: what the pictures counted against what is remembered, 0..1; 0 where no last layer was
        fitted, since all were trained. certainty: to release.
    next_twenty_pp: what twenty more pictures would probably add to the score; None where the
        learning curve does not say.
    refused: why there is to be no bundle; None where there is one.
    """

    share: float
    certainty: Certainty
    score: Score
    classes: tuple[ClassScore, ...]
    old: OldClasses
    curve: tuple[CurvePoint, ...]
    next_twenty_pp: float | None
    contradictions: tuple[Contradiction, ...]
    refused: str | None

    def fields(self) -> dict[str, Any]:
        """All of it, by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AdaptResult(Judged):
    """What came of an adaptation.

    pictures: used. empty: in which no garment was found; unreadable: that could not be read.
    repeated: pictures that look like another one and count as one group with it.
    labels: of the new model; dropped: labels that it no longer has.
    agreement: share of the pictures that the int8 layer answers as the fitted one, 0..1; None where
        none was made.
    seconds: of each part of the work. card: of the bundle, None where there is none.
    """

    config: AdaptConfig
    pictures: int
    groups: int
    empty: int
    unreadable: int
    repeated: int
    labels: tuple[str, ...]
    dropped: tuple[str, ...]
    agreement: float | None
    seconds: dict[str, float]
    card: BundleCard | None


class AdaptObserver(Protocol):
    """Is told of an adaptation's course."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins; total: its length where it is known."""

    def progress(self, done: int, total: int) -> None:
        """The running stage has done so much."""
