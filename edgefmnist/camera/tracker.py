"""Holds the announced label still while single frames waver.

Probabilities are averaged over frames (exponential moving average), and the announced label
changes only after another one has led for some frames in a row (hysteresis).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float32]


class Tracker:
    """Announces one label index, or None for `unknown`, from frame to frame."""

    def __init__(self, threshold: float, *, weight: float = 0.4, patience: int = 3) -> None:
        """Set the tracker up; it starts at `unknown`.

        threshold: averaged probability (0..1) below which no label is announced.
        weight: share (0..1] of the newest frame in the average.
        patience: frames in a row (1..) that must agree on a change before it is announced.
        """
        self._threshold = threshold
        self._weight = weight
        self._patience = patience
        self._average: Probabilities | None = None
        self._announced: int | None = None
        self._rival: int | None = None
        self._rival_frames = 0

    def update(self, probabilities: Probabilities | None) -> int | None:
        """Take one frame in and return what to announce now.

        probabilities: float32 [10] in label order; None where no garment was found, which also
            forgets the average: what comes next is another garment.
        """
        leader = self._lead(probabilities)
        if leader == self._announced:
            self._rival_frames = 0
            return self._announced
        self._rival_frames = self._rival_frames + 1 if leader == self._rival else 1
        self._rival = leader
        if self._rival_frames >= self._patience:
            self._announced = leader
            self._rival_frames = 0
        return self._announced

    def _lead(self, probabilities: Probabilities | None) -> int | None:
        if probabilities is None:
            self._average = None
            return None
        if self._average is None:
            self._average = np.array(probabilities, np.float32)
        else:
            self._average += np.float32(self._weight) * (probabilities - self._average)
        best = int(self._average.argmax())
        return best if self._average[best] >= self._threshold else None
