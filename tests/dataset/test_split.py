from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefmnist.dataset import load, split_validation, stratified_sample
from edgefmnist.errors import UsageError

some_labels = st.lists(st.integers(0, 9), min_size=2, max_size=200).map(
    lambda values: np.array(values, np.uint8)
)


@given(some_labels, st.data())
def test_a_sample_has_its_size_no_repeats_and_each_class_within_one_of_its_share(
    labels: np.ndarray, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(labels)))
    chosen = stratified_sample(labels, count, seed=data.draw(st.integers(0, 2**32)))

    assert len(chosen) == count
    assert np.all(np.diff(chosen) > 0)
    shares = np.bincount(labels, minlength=10) * count / len(labels)
    assert np.all(np.abs(np.bincount(labels[chosen], minlength=10) - shares) < 1)


@given(some_labels, st.data())
def test_the_two_sides_of_a_split_are_disjoint_and_cover_everything(
    labels: np.ndarray, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(labels) - 1))
    train, validation = split_validation(labels, count, seed=1)

    assert len(validation) == count
    assert sorted([*train, *validation]) == list(range(len(labels)))


def test_the_seed_decides() -> None:
    labels = np.arange(1000, dtype=np.uint8) % 10

    assert np.array_equal(stratified_sample(labels, 100, 7), stratified_sample(labels, 100, 7))
    assert not np.array_equal(stratified_sample(labels, 100, 7), stratified_sample(labels, 100, 8))


def test_the_real_training_set_gives_1200_of_each_class(data_folder) -> None:
    labels = load("train", data_folder).labels
    train, validation = split_validation(labels, 12_000, seed=0)

    assert np.bincount(labels[validation]).tolist() == [1200] * 10
    assert np.bincount(labels[train]).tolist() == [4800] * 10


@pytest.mark.parametrize("count", [-1, 0, 11])
def test_a_count_that_cannot_be_drawn_is_the_users_error(count: int) -> None:
    labels = np.zeros(10, np.uint8)

    with pytest.raises(UsageError, match="between 1 and 10"):
        stratified_sample(labels, count, 0)
    with pytest.raises(UsageError, match="between 1 and 9"):
        split_validation(labels, count, 0)
