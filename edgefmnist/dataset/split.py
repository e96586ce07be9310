"""Deterministic stratified subsets of labelled samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgefmnist.errors import UsageError

Labels = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]

SPLIT_SEED = 0
"""Seed of the project's one validation split: every training and every quantization sets the same
pictures aside, so that none has seen another's."""


def split_validation(labels: Labels, count: int, seed: int) -> tuple[Indices, Indices]:
    """Set `count` samples aside for validation, each class in its own proportion.

    Returns: (train, validation) indices into `labels`, disjoint, each ascending, all covered.
    Raises: UsageError when `count` leaves either side empty.
    """
    if not 0 < count < len(labels):
        raise UsageError(
            f"{count} validation samples asked for; choose between 1 and {len(labels) - 1}"
        )
    validation = stratified_sample(labels, count, seed)
    return np.setdiff1d(np.arange(len(labels)), validation, assume_unique=True), validation


def stratified_sample(labels: Labels, count: int, seed: int) -> Indices:
    """Draw `count` different samples at random, each class in its own proportion.

    Shares that are no whole numbers are rounded by largest remainder, so that the counts add up
    and no class is more than one sample off its share.

    Returns: ascending indices into `labels`; the same for the same labels, count and seed.
    Raises: UsageError when `count` is not between 1 and the number of samples.
    """
    if not 0 < count <= len(labels):
        raise UsageError(f"{count} samples asked for; choose between 1 and {len(labels)}")
    classes, sizes = np.unique(labels, return_counts=True)
    shares = sizes * count / len(labels)
    quotas = np.floor(shares).astype(int)
    most_cut = np.argsort(quotas - shares, kind="stable")
    quotas[most_cut[: count - quotas.sum()]] += 1
    generator = np.random.default_rng(seed)
    drawn = [
        generator.permutation(np.flatnonzero(labels == label))[:quota]
        for label, quota in zip(classes, quotas, strict=True)
    ]
    return np.sort(np.concatenate(drawn))
