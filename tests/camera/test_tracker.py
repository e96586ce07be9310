"""The tracker announces what lasts and nothing that flickers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefmnist.camera.tracker import Tracker
from edgefmnist.records import LABELS, UNKNOWN

labels = st.sampled_from(LABELS)
Frames = list[tuple[np.ndarray | None, float]]


def sure_of(label: str, score: float = 0.91) -> np.ndarray:
    probabilities = np.full(10, (1 - score) / 9, np.float32)
    probabilities[LABELS.index(label)] = score
    return probabilities


def announced(
    tracker: Tracker, frames: Frames, fps: float, start_s: float = 0.0
) -> list[str | None]:
    """What is announced after each of `frames` at `fps` frames a second."""
    return [
        tracker.update(probabilities, known, round((start_s + at / fps) * 1e9))
        for at, (probabilities, known) in enumerate(frames)
    ]


def of(label: str, count: int, known: float = 0.9) -> Frames:
    return [(sure_of(label), known)] * count


@st.composite
def any_frame(draw: st.DrawFn) -> tuple[np.ndarray | None, float]:
    if draw(st.integers(0, 4)) == 0:
        return None, 0.0
    raw = np.array(draw(st.lists(st.floats(0.01, 1), min_size=10, max_size=10)), np.float32)
    return raw / raw.sum(), draw(st.floats(0, 1, allow_subnormal=False))


@given(labels)
def test_a_steady_label_is_announced_with_the_third_frame(label: str) -> None:
    assert announced(Tracker(0.5, LABELS), of(label, 5), fps=30) == [
        None,
        None,
        label,
        label,
        label,
    ]


@pytest.mark.parametrize("fps", [2, 2.5, 2.6, 2.9, 3, 5, 10, 30, 120])
@given(labels, labels)
def test_a_change_is_announced_within_a_second_at_any_rate(fps: float, old: str, new: str) -> None:
    tracker = Tracker(0.5, LABELS)
    announced(tracker, of(old, 8), fps)
    # It was changed just after the eighth frame, so it is first seen with the ninth.
    changed_s, frames = 7 / fps, int(fps)
    assert announced(tracker, of(new, frames), fps, changed_s + 1 / fps)[-1] == new
    gone_s = changed_s + frames / fps
    assert announced(tracker, [(None, 0.0)] * frames, fps, gone_s + 1 / fps)[-1] == UNKNOWN


@given(labels, labels)
def test_a_single_odd_frame_changes_nothing(label: str, odd: str) -> None:
    tracker = Tracker(0.5, LABELS)
    frames = of(label, 6) + of(odd, 1) + of(label, 6)
    assert announced(tracker, frames, fps=30)[6:] == [label] * 7


@given(labels)
def test_a_single_frame_without_garment_changes_nothing(label: str) -> None:
    frames: Frames = [*of(label, 6), (None, 0.0), *of(label, 1)]
    assert announced(Tracker(0.5, LABELS), frames, fps=30)[6:] == [label, label]


@given(labels)
def test_what_is_likely_none_of_the_ten_is_not_announced_however_sure(label: str) -> None:
    assert set(announced(Tracker(0.5, LABELS), of(label, 20, known=0.45), fps=30)) == {
        None,
        UNKNOWN,
    }


def test_weak_frames_are_pooled() -> None:
    """Each frame alone wavers, between two labels and about the threshold; their mean does not."""
    strong, weak = sure_of("Dress", 0.8), sure_of("Coat", 0.5)
    weak[3] = 0.4
    frames: Frames = [(strong, 0.75), (weak, 0.35)] * 15
    assert announced(Tracker(0.5, LABELS), frames, fps=30)[6:] == ["Dress"] * 24


def test_what_was_seen_before_a_gap_is_forgotten() -> None:
    tracker = Tracker(0.5, LABELS)
    announced(tracker, of("Trouser", 30), fps=30)
    after: Frames = [(None, 0.0)] * 3 + [(sure_of("Pullover", 0.4), 0.9)] * 3
    assert announced(tracker, after, fps=30, start_s=1)[-1] == "Pullover"


@given(labels)
def test_an_announced_label_needs_less_to_stay_than_to_come(label: str) -> None:
    tracker = Tracker(0.5, LABELS)
    announced(tracker, of(label, 10), fps=30)
    assert set(announced(tracker, of(label, 30, known=0.45), 30, start_s=1)) == {label}
    assert announced(tracker, of(label, 30, known=0.3), 30, start_s=2)[-1] == UNKNOWN


@given(st.lists(any_frame(), max_size=60))
def test_changes_are_never_closer_than_three_frames(frames: Frames) -> None:
    told = [None, *announced(Tracker(0.3, LABELS), frames, fps=30)]
    changes = [i for i in range(1, len(told)) if told[i] != told[i - 1]]
    assert all(later - earlier >= 3 for earlier, later in pairwise(changes))


@given(st.lists(any_frame(), max_size=40))
def test_nothing_is_announced_that_no_frame_supports(frames: Frames) -> None:
    unsure: Frames = [(probabilities, min(known, 0.9)) for probabilities, known in frames]
    assert set(announced(Tracker(0.999, LABELS), unsure, fps=30)) <= {None, UNKNOWN}


def test_a_clock_that_steps_back_does_no_harm() -> None:
    tracker = Tracker(0.5, LABELS)
    announced(tracker, of("Trouser", 10), fps=30, start_s=100)
    assert announced(tracker, of("Pullover", 12), fps=30, start_s=0)[-1] == "Pullover"


@given(labels)
def test_input_is_left_alone(label: str) -> None:
    first = sure_of(label)
    announced(Tracker(0.5, LABELS), [(first, 0.9), *of("Bag", 1)], fps=30)
    np.testing.assert_array_equal(first, sure_of(label))


@given(any_frame())
def test_nothing_is_announced_of_one_frame_unless_it_is_the_last(
    frame: tuple[np.ndarray | None, float],
) -> None:
    tracker = Tracker(0.5, LABELS)
    assert tracker.conclude() is None
    assert announced(tracker, [frame], fps=30) == [None]
    sure = frame[0] is not None and frame[1] >= 0.5
    assert tracker.conclude() == (LABELS[int(frame[0].argmax())] if sure else UNKNOWN)


def test_an_empty_scene_too_is_announced_with_the_third_frame() -> None:
    assert announced(Tracker(0.5, LABELS), [(None, 0.0)] * 4, fps=30) == [
        None,
        None,
        UNKNOWN,
        UNKNOWN,
    ]


@pytest.mark.parametrize(("threshold", "told"), [(0.0, UNKNOWN), (None, LABELS[0])])
def test_a_tie_of_all_ten_is_no_label_unless_unknown_is_off(
    threshold: float | None, told: str
) -> None:
    tie = np.full(10, 0.1, np.float32)
    assert announced(Tracker(threshold, LABELS), [(tie, 0.0)] * 3, fps=30)[-1] == told
