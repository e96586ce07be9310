"""What a fixed camera sees behind the garment: learned once, then each frame is compared with it.

Each pixel keeps the mean of its colour and the variance of its noise. A frame is first brought to
the exposure at which the background was learned. Then its difference from the background is split
as Horprasert, Harwood and Davis (1999) do: along the background's own colour (brighter or darker)
and across it (another colour). Darker ground of the same colour that begins softly is shadow; what
else differs is the garment. OpenCV's own background subtractors (MOG2, KNN) were left aside since
`save` writes their settings and not what they have learned.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.errors import BadInput
from edgefmnist.preprocess.difference import (
    LEAST_NOISE,
    Difference,
    garment_of,
    outline_of,
    squared_length,
)
from edgefmnist.preprocess.find import main_region

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

WORK_SIDE = 128
"""Longest side in pixels at which frames are compared."""

_CURVE = 0.05  # share of a change of exposure by which the background may miss it
_WEAK = 4.5  # difference in standard deviations that belongs to a garment next to a strong one
_RIM = 0.125  # width of the rim from which the exposure is read, as a share of the shorter side
_TELLING = (16.0, 240.0)  # levels outside of these say little of the exposure
_SAMPLED = np.s_[::4, ::4]  # pixels that tell the exposure
_LEAST_SAMPLE = 50
_GAINS = (0.4, 2.5)  # a change of exposure beyond these is another light
_CELLS = (16, 12)  # into which the picture is divided to see whether the background still fits
_DISTURBED = 0.08  # share of a cell's pixels that differ
_LOST_SHARE = 0.6  # share of the cells at the rim
_FOLLOW = 1 / 300  # weight of a new frame where nothing has changed: ten seconds at 30 a second
_ABSORB = 1 / 1800  # and where something small or shady has, while no garment is in view
_LOST_FRAMES = 45
_REGAINED_FRAMES = 15
_PROTECTED = np.ones((11, 11), np.uint8)


def work_size(frame_size: tuple[int, int]) -> tuple[int, int]:
    """(width, height) at which frames of (width, height) are compared."""
    scale = min(1.0, WORK_SIDE / max(frame_size))
    width, height = (max(1, round(side * scale)) for side in frame_size)
    return width, height


def shrink_to(pixels: Pixels, size: tuple[int, int]) -> Plane:
    """A frame as float32 [height, width, 3] of `size`.

    Halving it averages areas and is quickest; less than half is left to the last step.
    """
    while pixels.shape[1] >= 2 * size[0]:
        half = (pixels.shape[1] // 2, max(1, pixels.shape[0] // 2))
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), np.uint8)
    if (pixels.shape[1], pixels.shape[0]) != size:
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return pixels.astype(np.float32)


def scaled(plane: Plane, gain: Plane) -> Plane:
    """A plane, float32 [h, w, 3], with each channel multiplied by its `gain`, [3]."""
    return np.asarray(cv2.transform(plane, np.diag(gain).astype(np.float32)), np.float32)


class Background:
    """A fixed camera's empty scene, which follows slow changes of light as frames come in.

    fits: false from when most of the picture has differed for some 45 frames (the camera was
        moved, the light switched) until it fits again for 15.
    """

    def __init__(self, mean: Plane, variance: Plane, frame_size: tuple[int, int]) -> None:
        """Take over what was learned; see `learning.Learner`.

        mean: float32 [h, w, 3], 0..255 in B, G, R order; variance: float32 [h, w], levels squared;
        both at `work_size(frame_size)`. frame_size: (width, height) of the frames.
        """
        self.mean = mean
        self.variance = variance
        self.frame_size = frame_size
        self.fits = True
        self._begun = False
        self._gain = np.ones(3, np.float32)
        self._against = 0  # frames in a row that speak against what `fits` says
        height, width = variance.shape
        rim = max(1, round(_RIM * min(height, width)))
        at_rim = np.ones((height, width), np.bool_)
        at_rim[rim:-rim, rim:-rim] = False
        low, high = _TELLING
        clipped = mean.max(axis=2) > high
        self._loose = np.where(clipped, 255**2, 0).astype(np.float32)
        self._telling = ((mean.min(axis=2) > low) & ~clipped)[_SAMPLED]
        self._from_rim = at_rim[_SAMPLED] & self._telling

    def find(self, pixels_bgr: Pixels) -> Pixels | None:
        """How much of each pixel is garment, uint8 [h, w] of 0..255 at work size; None without one.

        pixels_bgr: uint8 [height, width, 3] in B, G, R order, of `frame_size`. Call it with every
        frame, in order: the background follows the light by what it is shown.

        Raises: BadInput where the first frame has another size. A later one is of a camera that was
        changed, which the background no longer fits.
        """
        size = (pixels_bgr.shape[1], pixels_bgr.shape[0])
        if size != self.frame_size:
            if not self._begun:
                raise BadInput(
                    "the background was learned from frames of {}x{} and these are {}x{}: learn it "
                    "again with --learn-background".format(*self.frame_size, *size)
                )
            self.fits, self._against = False, 0
            return None
        self._begun = True
        height, width = self.variance.shape
        small = shrink_to(pixels_bgr, (width, height))
        self._gain = self._exposure(small)
        found = self._difference(small, self._gain)
        if self._lost(found):
            self._judge(agrees=False)
            return None
        self._judge(agrees=True)
        mask = main_region(garment_of(found))
        self._follow(small, found, mask)
        return None if mask is None else outline_of(mask, found)

    def _difference(self, small: Plane, gain: Plane) -> Difference:
        """Compare a frame with the background whose channels are multiplied by `gain`."""
        expected = np.minimum(scaled(self.mean, gain), np.float32(255))
        apart = np.asarray(cv2.subtract(small, expected), np.float32)
        squared = squared_length(apart)
        ground = squared_length(expected)
        noise = np.maximum(self.variance, np.float32(LEAST_NOISE**2))
        # A camera's tone curve makes a change of exposure differ a little from place to place,
        # and how bright a clipped pixel really was cannot be known.
        change = np.float32(np.square(gain - 1).max())
        noise = noise + change * (self._loose + np.float32(_CURVE**2) * ground)
        return Difference(
            expected=expected,
            ground=ground,
            apart=apart,
            squared=squared,
            noise=noise,
            changed=squared > np.float32(_WEAK**2) * noise,
        )

    def _exposure(self, small: Plane) -> Plane:
        """Exposure and white balance against the background, a factor a channel, float32 [3].

        The last frame's, refined on those of a sample of pixels that it leaves unchanged. Where
        they are few, what the middle pixel of the rim tells is tried too.
        """
        if np.count_nonzero(self._from_rim) < _LEAST_SAMPLE:
            return np.ones(3, np.float32)
        now, learned = small[_SAMPLED].copy(), self.mean[_SAMPLED].copy()
        noise = np.maximum(self.variance[_SAMPLED], np.float32(LEAST_NOISE**2))

        def unchanged(gain: Plane) -> Flags:
            squared = squared_length(now - scaled(learned, gain))
            return np.asarray((squared < np.float32(_WEAK**2) * noise) & self._telling, np.bool_)

        same = unchanged(self._gain)
        if 2 * np.count_nonzero(same) < np.count_nonzero(self._telling):
            at_rim = np.median(now[self._from_rim] / learned[self._from_rim], axis=0)
            same = max(same, unchanged(at_rim), key=np.count_nonzero)
        if not same.any():
            return self._gain
        weight = same.view(np.uint8)
        gain = np.array(cv2.mean(now, weight)[:3]) / cv2.mean(learned, weight)[:3]
        return np.asarray(np.clip(gain, *_GAINS), np.float32)

    def _lost(self, found: Difference) -> bool:
        """Whether the picture differs nearly all around, as no garment makes it."""
        changed = found.changed.astype(np.float32)
        cells = np.asarray(cv2.resize(changed, _CELLS, interpolation=cv2.INTER_AREA))
        around = np.concatenate([cells[0], cells[-1], cells[1:-1, 0], cells[1:-1, -1]])
        return float((around > _DISTURBED).mean()) > _LOST_SHARE

    def _judge(self, *, agrees: bool) -> None:
        self._against = 0 if agrees is self.fits else self._against + 1
        if self._against >= (_LOST_FRAMES if self.fits else _REGAINED_FRAMES):
            self.fits = agrees
            self._against = 0

    def _follow(self, small: Plane, found: Difference, mask: Pixels | None) -> None:
        """Blend the frame in where it shows the background.

        Where a garment lies, and all around it, only the exposure is followed: neither the garment
        nor its shadow is ever learned, however long it stays.
        """
        same = (~found.changed).view(np.uint8)
        if mask is not None:
            same[cv2.dilate(mask, _PROTECTED) > 0] = 0
        other = np.uint8(1) - same
        cv2.accumulateWeighted(small, self.mean, _FOLLOW, same)
        cv2.accumulateWeighted(found.expected, self.mean, _FOLLOW, other)
        cv2.accumulateWeighted(found.squared / 3, self.variance, _FOLLOW, same)
        if mask is None:
            cv2.accumulateWeighted(small, self.mean, _ABSORB, other)
