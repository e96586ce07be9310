"""Holds the announced label still while single frames waver.

Evidence is pooled over frames: probabilities, and the probability of being one of the classes at
all, are averaged (exponential moving average). The announced label changes only after another
answer has led for some frames in a row, and a label once announced needs less to stay than it
needed to come (hysteresis). Frames that come slowly count for more, so that a change is announced
within a second at 30 frames a second and at 2. Until some frames agree nothing is announced at all.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edgefmnist.records import UNKNOWN

Probabilities = npt.NDArray[np.float32]

_LEAST_WEIGHT = 0.4
"""Share of the newest frame in the averages, however soon it follows the one before."""
_MEMORY_S = 0.25  # time constant of the averages where frames come slowly
_PATIENCE = 3  # frames in a row that must agree on a change,
_PATIENCE_S = 1 / 3  # or this time and two frames, where frames come slowly
_STAYING = 0.8  # share of the threshold under which an announced label is given up
_LEAST_KNOWN = 1e-3  # whatever the threshold: of a model that tells no class from another


class Tracker:
    """Announces one label, or ``unknown``, from frame to frame."""

    def __init__(self, threshold: float | None, labels: tuple[str, ...]) -> None:
        """Set the tracker up, with nothing announced.

        threshold: pooled probability (0..1) of showing one of the classes under which no new
            label is announced; None announces the best one however unlikely.
        labels: the model's.
        """
        self._threshold = threshold
        self._labels = labels
        self._average: Probabilities | None = None
        self._known = 0.0
        self._announced: str | None = None
        self._rival: str | None = None
        self._rival_frames = 0
        self._rival_since_ns = 0
        self._leader: str | None = None
        self._last_ns: int | None = None

    def use(self, threshold: float | None, labels: tuple[str, ...]) -> None:
        """Follow another model from the next update on.

        What is announced stays until that model says else, unless it does not know the label:
        then nothing is announced until some of its frames agree. Probabilities of other classes
        are forgotten.
        """
        self._threshold = threshold
        if labels == self._labels:
            return
        self._labels = labels
        self._average, self._leader, self._rival_frames = None, None, 0
        if self._announced not in (*labels, UNKNOWN):
            self._announced = None

    def update(self, probabilities: Probabilities | None, known: float, at_ns: int) -> str | None:
        """Take one frame in and return what to announce now; None before anything was.

        probabilities: float32 [classes] in label order; None where no garment was found, which also
            forgets the averages: what comes next is another garment.
        known: probability 0..1 that the frame shows one of them. at_ns: when it was captured.
        """
        leader = self._lead(probabilities, known, at_ns)
        self._leader = leader
        if leader == self._announced:
            self._rival_frames = 0
            return self._announced
        if leader != self._rival or not self._rival_frames:
            self._rival, self._rival_frames, self._rival_since_ns = leader, 0, at_ns
        self._rival_frames += 1
        led_s = (at_ns - self._rival_since_ns) / 1e9
        if self._rival_frames >= _PATIENCE or (self._rival_frames > 1 and led_s >= _PATIENCE_S):
            self._announced = leader
            self._rival_frames = 0
        return self._announced

    def conclude(self) -> str | None:
        """What to announce where no frame follows; None before the first."""
        if self._announced is None:
            self._announced = self._leader
        return self._announced

    def _lead(self, probabilities: Probabilities | None, known: float, at_ns: int) -> str:
        passed_s = 0.0 if self._last_ns is None else max(0, at_ns - self._last_ns) / 1e9
        self._last_ns = at_ns
        if probabilities is None:
            self._average = None
            return UNKNOWN
        if self._average is None:
            self._average, self._known = np.array(probabilities, np.float32), known
        else:
            weight = max(_LEAST_WEIGHT, 1 - math.exp(-passed_s / _MEMORY_S))
            self._average += np.float32(weight) * (probabilities - self._average)
            self._known += weight * (known - self._known)
        best = self._labels[int(self._average.argmax())]
        if self._threshold is None:
            return best
        needed = self._threshold * (_STAYING if best == self._announced else 1.0)
        return best if self._known >= max(needed, _LEAST_KNOWN) else UNKNOWN
