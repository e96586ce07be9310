"""The tracker announces what lasts and nothing that flickers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgefmnist.camera.tracker import Tracker

labels = st.integers(0, 9)


def sure_of(label: int, score: float = 0.91) -> np.ndarray:
    probabilities = np.full(10, (1 - score) / 9, np.float32)
    probabilities[label] = score
    return probabilities


@st.composite
def frames(draw: st.DrawFn) -> np.ndarray | None:
    if draw(st.integers(0, 4)) == 0:
        return None
    raw = np.array(draw(st.lists(st.floats(0.01, 1), min_size=10, max_size=10)), np.float32)
    return raw / raw.sum()


@given(labels, st.integers(1, 6))
def test_steady_label_is_announced_after_exactly_the_patience(label: int, patience: int) -> None:
    tracker = Tracker(0.5, patience=patience)
    announced = [tracker.update(sure_of(label)) for _ in range(patience + 3)]
    assert announced == [None] * (patience - 1) + [label] * 4


@given(labels, labels)
def test_single_odd_frame_changes_nothing(label: int, odd: int) -> None:
    tracker = Tracker(0.5)
    for _ in range(6):
        tracker.update(sure_of(label))
    after = [tracker.update(sure_of(odd))] + [tracker.update(sure_of(label)) for _ in range(6)]
    assert after == [label] * 7


@given(labels)
def test_single_frame_without_garment_changes_nothing(label: int) -> None:
    tracker = Tracker(0.5)
    for _ in range(6):
        tracker.update(sure_of(label))
    assert [tracker.update(None), tracker.update(sure_of(label))] == [label, label]


@given(labels, labels)
def test_new_garment_takes_over_within_a_second_and_removal_ends_it(old: int, new: int) -> None:
    tracker = Tracker(0.5)
    for _ in range(6):
        tracker.update(sure_of(old))
    assert [tracker.update(sure_of(new)) for _ in range(12)][-1] == new
    assert [tracker.update(None) for _ in range(3)][-1] is None


@given(st.lists(frames(), max_size=60), st.integers(1, 5))
def test_changes_are_never_closer_than_the_patience(
    run: list[np.ndarray | None], patience: int
) -> None:
    tracker = Tracker(0.3, patience=patience)
    announced = [None, *(tracker.update(frame) for frame in run)]
    changes = [i for i in range(1, len(announced)) if announced[i] != announced[i - 1]]
    assert all(later - earlier >= patience for earlier, later in pairwise(changes))


@given(st.lists(frames(), max_size=40))
def test_nothing_is_announced_that_no_frame_supports(run: list[np.ndarray | None]) -> None:
    tracker = Tracker(0.999)  # no frame here is that sure
    assert {tracker.update(frame) for frame in run} <= {None}


@given(labels)
def test_input_is_left_alone(label: int) -> None:
    tracker = Tracker(0.5)
    first = sure_of(label)
    tracker.update(first)
    tracker.update(sure_of((label + 1) % 10))
    np.testing.assert_array_equal(first, sure_of(label))
