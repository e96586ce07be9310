"""Split a small picture into garment and ground, from coarse to fine.

GrabCut (Rother, Kolmogorov and Blake 2004) is good at guessing which part of a picture is the
thing in it, and slow: its time grows with the number of pixels. So it runs on a very small copy
and only says roughly where the garment is. At the finer resolution the colours of either side are
counted in a histogram, each pixel votes for the side on which its colour is more frequent, and a
guided filter (He, Sun and Tang 2010, section 3) smooths the votes along the picture's own edges.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

COARSE_SIDE = 56
"""Longest side in pixels at which GrabCut looks for the garment."""

_RIM = 0.03  # width of the rim taken for ground, as a share of the shorter side
_ITERATIONS = 2
_SURE = 0.95  # weight in the garment's histogram of a pixel that the coarse cut took for garment
_BINS = 16  # of the histogram along each of L, a and b
_SPREAD = 2.2  # standard deviations of the picture's colours that the bins reach to
_LEAST_REACH = (30.0, 15.0, 15.0)  # and at least this far from the mean, lest noise fill them
_UNSEEN = 1e-3 / _BINS  # frequency given to colours that one side does not show
_MOST = 4.0  # of the logarithm of the ratio of both frequencies: beyond this it is noise
_RADIUS = 3  # of the guided filter in pixels
_FLAT = 40.0  # variance of L under which the guided filter averages instead of following edges
_TENT = np.array([[0.25, 0.5, 0.25]], np.float32)


def cut(bgr: Pixels) -> Pixels:
    """GrabCut's foreground as uint8 [h, w] of 0 and 255, before any tidying.

    The rim of the picture is taken for ground and all the rest may be garment; on a scene without
    one the cut mostly collapses to nothing. bgr: uint8 [h, w, 3], at least 5 pixels each way.
    """
    labels = np.full(bgr.shape[:2], cv2.GC_PR_FGD, np.uint8)
    _set_rim(labels, cv2.GC_BGD)
    return grabcut(bgr, labels)


def grabcut(bgr: Pixels, labels: Pixels) -> Pixels:
    """Foreground that GrabCut makes of `labels`, as uint8 [h, w] of 0 and 255.

    labels: uint8 [h, w] of `cv2.GC_*`, some of them probable foreground; it is changed.
    """
    unused = (0, 0, 0, 0)  # GrabCut reads a rectangle only where it is given no mask
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # GrabCut starts with k-means: the same picture must give the same mask
    cv2.grabCut(bgr, labels, unused, *models, _ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return np.where(labels == cv2.GC_PR_FGD, 255, 0).astype(np.uint8)


def refine(lab: Pixels, coarse: Pixels) -> Pixels:
    """A mask that follows the colours of a picture, from one that is roughly right.

    lab: uint8 [h, w, 3], OpenCV's 8-bit Lab. coarse: uint8 of 0 and 255, of any size; one that is
    all 0 leaves it to the colours that the rim lacks. Returns: uint8 [h, w] of 0 and 255.
    """
    height, width = lab.shape[:2]
    grown = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    weight = grown.astype(np.float32) * np.float32((2 * _SURE - 1) / 255) + np.float32(1 - _SURE)
    _set_rim(weight, 0)
    votes = smoothed(colour_votes(colour_bins(lab), weight), lab[..., 0].astype(np.float32))
    return np.where(votes > 0, 255, 0).astype(np.uint8)


def _set_rim(plane: Pixels | Plane, value: int) -> None:
    rim = max(2, round(_RIM * min(plane.shape)))
    plane[:rim] = plane[-rim:] = value
    plane[:, :rim] = plane[:, -rim:] = value


def colour_bins(lab: Pixels) -> npt.NDArray[np.int32]:
    """Number of each pixel's bin in a histogram of L, a and b fitted to the picture's colours."""
    mean, spread = (values.ravel() for values in cv2.meanStdDev(lab))
    reach = np.maximum(_SPREAD * spread, _LEAST_REACH)
    levels = np.arange(256)[:, None]
    each = np.clip((levels - mean + reach) * (_BINS / (2 * reach)), 0, _BINS - 1).astype(np.int32)
    table = each * np.array([_BINS**2, _BINS, 1], np.int32)
    light, a, b = (lab[..., channel] for channel in range(3))
    return np.asarray(table[light, 0] + table[a, 1] + table[b, 2], np.int32)


def colour_votes(bins: npt.NDArray[np.int32], weight: Plane) -> Plane:
    """How much each pixel's colour speaks for the garment (above 0) or the ground (below 0).

    bins: int32 [h, w] as of `colour_bins`; weight: float32 [h, w], 0..1, how much of each pixel is
    garment. Returns: float32 [h, w], the logarithm of the ratio of both frequencies.
    """
    flat = bins.ravel()
    garment = np.bincount(flat, weight.ravel(), _BINS**3).astype(np.float32)
    ground = np.bincount(flat, minlength=_BINS**3).astype(np.float32) - garment
    shares = [_spread(one) / max(float(one.sum()), 1e-6) + _UNSEEN for one in (garment, ground)]
    ratio = np.log(shares[0] / shares[1])
    return np.asarray(np.clip(ratio, -_MOST, _MOST)[bins], np.float32)


def _spread(histogram: Plane) -> Plane:
    """Blur a histogram of L, a and b along all three, so that neighbouring colours count."""
    planes = histogram.reshape(_BINS * _BINS, _BINS)
    for _ in range(3):  # blurs the last axis, then makes the next one last
        planes = np.asarray(cv2.filter2D(planes, -1, _TENT), np.float32)
        turned = planes.reshape(_BINS, _BINS, _BINS).transpose(2, 0, 1)
        planes = np.ascontiguousarray(turned).reshape(_BINS * _BINS, _BINS)
    return planes.ravel()


def smoothed(plane: Plane, guide: Plane) -> Plane:
    """The plane, smoothed but not across the guide's edges; He, Sun and Tang 2010, equations 5-8.

    plane, guide: float32 [h, w], the guide 0..255.
    """
    mean, guide_mean = _box(plane), _box(guide)
    variance = _box(guide * guide) - guide_mean * guide_mean
    covariance = _box(guide * plane) - guide_mean * mean
    slope = np.asarray(covariance / (variance + np.float32(_FLAT)), np.float32)
    return np.asarray(_box(slope) * guide + _box(mean - slope * guide_mean), np.float32)


def _box(plane: Plane) -> Plane:
    side = 2 * _RADIUS + 1
    return np.asarray(cv2.boxFilter(plane, -1, (side, side)), np.float32)
