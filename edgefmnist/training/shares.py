"""How often each photo is shown: classes of many photos would else crowd out those of few."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgefmnist.dataset.photos import Photos

OUTSIDE = 0.35
"""Share of the photos shown that are none of the ten."""

_EVENED = 0.7
"""A kind's share goes with its number of photos to the power of one less this: 0 leaves every
photo the same share, 1 every kind."""


def draw(photos: Photos, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows of `photos.pictures`, int64 [count]: a photo by its share, then one of its pictures."""
    by_photo = np.argsort(photos.photo, kind="stable")
    numbers, first, pictures = np.unique(
        photos.photo[by_photo], return_index=True, return_counts=True
    )
    chosen = rng.choice(len(numbers), count, p=_shares(photos, numbers))
    within = (rng.random(count) * pictures[chosen]).astype(np.int64)
    return np.asarray(by_photo[first[chosen] + within], np.int64)


def _shares(photos: Photos, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Probability of each of the photos `numbers`, adding up to 1.

    Garments are evened out by class; what is none of the ten by kind, since each kind of thing is
    one more that the network has to know for none.
    """
    classes, kind = photos.classes[numbers], photos.kind[numbers]
    outside = classes[:, -1]
    share = np.zeros(len(numbers))
    for side, whole, groups in (
        (~outside, 1 - OUTSIDE, classes @ (1 << np.arange(classes.shape[1]))),
        (outside, OUTSIDE, np.unique(kind, return_inverse=True)[1]),
    ):
        if side.any():
            _, group, sizes = np.unique(groups[side], return_inverse=True, return_counts=True)
            each = sizes[group] ** -_EVENED
            share[side] = whole * each / each.sum()
    return np.asarray(share / share.sum(), np.float64)
