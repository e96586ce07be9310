"""The demo's scenes: every ground, dark on light and light on dark, with a garment and without."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgefmnist.camera.sources.backgrounds import TEXTURES
from edgefmnist.camera.sources.garments import load_garments
from edgefmnist.camera.sources.scenes import EMPTY, HEIGHT, WIDTH, new_scene, render
from edgefmnist.preprocess import Preprocessor

KINDS = [(texture, dark) for texture in TEXTURES for dark in (True, False)]


def drawn(kind, image, label, seed):
    """The first scene of a kind that chance draws, and its frame."""
    random = np.random.default_rng(seed)
    while True:
        scene = new_scene(random, image, label)
        if (scene.texture, scene.dark) == kind:
            return scene, render(scene, random)


def true_mask(scene):
    """Where the garment lies, up to the scene's jitter of a pixel or two."""
    side = scene.cover.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), scene.angle, scene.size / side)
    matrix[:, 2] += np.asarray(scene.centre) - side / 2
    return cv2.warpAffine(scene.cover, matrix, (WIDTH, HEIGHT)) > 127


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_garment_is_found_where_it_lies(kind):
    garments = load_garments()
    for seed in range(2):
        number = 7 * KINDS.index(kind) + seed
        label = int(garments.labels[number])
        scene, pixels = drawn(kind, garments.images[number], label, seed)
        mask = Preprocessor().prepare(pixels).mask
        assert mask is not None
        truth = true_mask(scene)
        assert ((mask > 0) & truth).sum() / ((mask > 0) | truth).sum() > 0.75


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_nothing_is_found_where_nothing_lies(kind):
    for seed in range(2):
        _, pixels = drawn(kind, None, EMPTY, seed)
        assert Preprocessor().prepare(pixels).picture is None
