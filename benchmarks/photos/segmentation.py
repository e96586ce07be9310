"""Ways to find the garment that were measured against the one in use.

Each function of `APPROACHES` takes a small picture, uint8 [h, w, 3], longest side
`edgefmnist.preprocess.find.WORK_SIDE`, and gives uint8 [h, w] of 0..255 as `find_garment` does,
None where nothing stands out. What follows the cut is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist.preprocess import cut, find
from edgefmnist.preprocess.find import lab_of
from edgefmnist.preprocess.outline import sides_of
from edgefmnist.preprocess.pipeline import at_size_of
from edgefmnist.preprocess.shrink import shrink

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

_RIM = 0.04  # width of the rim taken for ground, as a share of the shorter side
_COLOURS = 5  # of the rim
_SPREAD = 20.0  # steps of 8 bits for a distance of one standard deviation
_SQUARES = 150  # superpixels
_BEGINNINGS = (0.03, 0.15, (0.25, 0.03))  # GrabCut's rims: shares of the width, of the height


def tested(bgr: Pixels, mask: Pixels) -> Pixels | None:
    """What stands out of a mask; as at the end of `find_garment`."""
    return find.standing_out(bgr, mask, find.LEAST_CONTRAST)


def rim_of(shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    width = max(2, round(_RIM * min(shape[:2])))
    rim = np.ones(shape[:2], np.bool_)
    rim[width:-width, width:-width] = False
    return rim


def distance_from_rim(bgr: Pixels) -> Pixels:
    """Distance of each colour from the nearest of the rim's, in its standard deviations."""
    lab = lab_of(find.without_grain(bgr)).astype(np.float32)
    samples = lab[rim_of(lab.shape)]
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 8, 1.0)
    _, labels, centres = cv2.kmeans(samples, _COLOURS, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    nearest = np.full(lab.shape[:2], np.inf, np.float32)
    for number, centre in enumerate(centres):
        members = samples[labels.ravel() == number]
        if len(members) < 0.04 * len(samples):
            continue  # a corner of the garment, more likely than ground
        spread = max(4.0, float(np.sqrt(((members - centre) ** 2).sum(axis=1).mean())))
        nearest = np.minimum(nearest, np.linalg.norm(lab - centre, axis=2) / spread)
    return np.clip(_SPREAD * nearest, 0, 255).astype(np.uint8)


def rim_cut(bgr: Pixels) -> Pixels:
    """The rim's colours by k-means, distances cut after Otsu (1979), weak next to strong kept."""
    distance = distance_from_rim(bgr)
    strong, _ = cv2.threshold(distance, 0, 255, cv2.THRESH_OTSU)
    weak = (distance > max(0.7 * strong, 1.5 * _SPREAD)).astype(np.uint8)
    count, parts = cv2.connectedComponents(weak)
    kept = np.zeros(count, np.bool_)
    kept[np.unique(parts[distance > strong])] = True
    kept[0] = False
    return np.where(kept[parts], 255, 0).astype(np.uint8)


def rim_colours(bgr: Pixels) -> Pixels | None:
    return tested(bgr, rim_cut(bgr))


def rim_colours_refined(bgr: Pixels) -> Pixels | None:
    """The cut by the rim's colours in place of the coarse GrabCut."""
    return tested(bgr, cut.refine(lab_of(find.without_grain(bgr)), rim_cut(bgr)))


def grabcut(bgr: Pixels) -> Pixels | None:
    """GrabCut at the full size of the search: this was in use before."""
    return tested(bgr, cut.cut(find.without_grain(bgr)))


def grabcut_coarse(bgr: Pixels) -> Pixels | None:
    """The coarse GrabCut enlarged, without the refinement by colours."""
    small = cut.cut(find.without_grain(shrink(bgr, cut.COARSE_SIDE)))
    return tested(bgr, at_size_of(bgr, small))


def grabcut_from_rim_colours(bgr: Pixels) -> Pixels | None:
    """The coarse GrabCut told to begin with what the rim's colours make garment, then refined."""
    small = find.without_grain(shrink(bgr, cut.COARSE_SIDE))
    labels = np.where(rim_cut(small) > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[rim_of(small.shape)] = cv2.GC_BGD
    return tested(bgr, cut.refine(lab_of(find.without_grain(bgr)), _grabcut(small, labels)))


def best_of_beginnings(bgr: Pixels) -> Pixels | None:
    """The coarse GrabCut from three rims, each refined; the mask of the best quality is kept."""
    small = find.without_grain(shrink(bgr, cut.COARSE_SIDE))
    lab = lab_of(find.without_grain(bgr))
    masks = []
    for rim in _BEGINNINGS:
        across, down = rim if isinstance(rim, tuple) else (rim, rim)
        height, width = small.shape[:2]
        x, y = max(2, round(across * width)), max(2, round(down * height))
        labels = np.zeros((height, width), np.uint8)
        labels[y:-y, x:-x] = cv2.GC_PR_FGD
        masks.append(cut.refine(lab, _grabcut(small, labels)))
    return tested(bgr, max(masks, key=lambda mask: quality(lab, mask)))


def quality(lab: Pixels, mask: Pixels) -> float:
    """Contrast along the outline, less for a region that is ragged, off centre or at the rim."""
    region = find.main_region(mask)
    if region is None:
        return 0.0
    sides = sides_of(lab.astype(np.float32), region)
    outline = (region > 0) & (cv2.erode(region, np.ones((3, 3), np.uint8)) == 0)
    contrast = float(np.minimum(sides.distance[outline], 60).mean())
    at_rim = float(rim_of(region.shape)[outline].mean())
    outer, _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    length = max(cv2.arcLength(one, True) for one in outer)
    compactness = 4 * np.pi * cv2.countNonZero(region) / length**2
    rows, columns = np.nonzero(region)
    height, width = region.shape
    away = np.hypot(columns.mean() / width - 0.5, rows.mean() / height - 0.5)
    return float(contrast * (1 - at_rim) * np.sqrt(compactness) * (1 - 2 * away))


def saliency(bgr: Pixels) -> Pixels | None:
    """Frequency-tuned saliency (Achanta et al. 2009): distance from the mean colour, after Otsu."""
    lab = lab_of(bgr).astype(np.float32)
    distance = np.linalg.norm(cv2.GaussianBlur(lab, (5, 5), 0) - lab.mean(axis=(0, 1)), axis=2)
    scaled = (distance * (255 / max(float(distance.max()), 1.0))).astype(np.uint8)
    return tested(bgr, np.asarray(cv2.threshold(scaled, 0, 255, cv2.THRESH_OTSU)[1], np.uint8))


def watershed(bgr: Pixels) -> Pixels | None:
    """Watershed (Meyer 1992) between the rim and what is surely unlike it."""
    distance = distance_from_rim(bgr)
    strong, _ = cv2.threshold(distance, 0, 255, cv2.THRESH_OTSU)
    sure = cv2.erode((distance > strong).astype(np.uint8), np.ones((5, 5), np.uint8))
    markers = np.where(sure > 0, 2, 0).astype(np.int32)
    markers[rim_of(bgr.shape)] = 1
    return tested(bgr, np.where(cv2.watershed(bgr, markers) == 2, 255, 0).astype(np.uint8))


def superpixels(bgr: Pixels) -> Pixels | None:
    """K-means over colour and place; those pieces are garment that are unlike the rim's pieces."""
    lab = lab_of(find.without_grain(bgr)).astype(np.float32)
    height, width = lab.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    features = np.dstack((lab, x, y)).reshape(-1, 5)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_COUNT, 4, 0.0)
    _, labels, _ = cv2.kmeans(features, _SQUARES, None, stop, 1, cv2.KMEANS_RANDOM_CENTERS)
    pieces = labels.reshape(height, width)
    sizes = np.maximum(np.bincount(labels.ravel(), minlength=_SQUARES), 1)
    distance = distance_from_rim(bgr)
    means = np.bincount(labels.ravel(), distance.ravel(), _SQUARES) / sizes
    flat = np.rint(means[pieces]).astype(np.uint8)
    return tested(bgr, np.asarray(cv2.threshold(flat, 0, 255, cv2.THRESH_OTSU)[1], np.uint8))


def _grabcut(small: Pixels, labels: Pixels) -> Pixels:
    if not (labels == cv2.GC_PR_FGD).any():
        return np.zeros(labels.shape, np.uint8)
    return cut.grabcut(small, labels)


APPROACHES: dict[str, Callable[[Pixels], Pixels | None]] = {
    "GrabCut at 120 px": grabcut,
    "GrabCut at 56 px, enlarged": grabcut_coarse,
    "GrabCut at 56 px from the rim's colours, refined": grabcut_from_rim_colours,
    "GrabCut at 56 px from three rims, refined, the best": best_of_beginnings,
    "colours of the rim": rim_colours,
    "colours of the rim, refined": rim_colours_refined,
    "watershed from the rim": watershed,
    "superpixels unlike the rim": superpixels,
    "saliency": saliency,
}
