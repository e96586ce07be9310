"""The camera's path on the project's own picture set: every ground, dark and light, with and
without a garment, as the demo source renders them.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgefmnist.camera.recognizer import Recognition, open_recognizer
from edgefmnist.camera.sources.backgrounds import TEXTURES
from edgefmnist.camera.sources.garments import load_garments
from edgefmnist.camera.sources.scenes import EMPTY, Scene, render, scenes
from edgefmnist.runtime.models import resolve

EACH = 5
Kind = tuple[str, bool]  # name of the ground's texture; garment dark on light ground


def kind_of(scene: Scene) -> Kind:
    return scene.texture, scene.dark


@pytest.fixture(scope="module")
def answers() -> dict[bool, dict[Kind, list[tuple[Scene, Recognition]]]]:
    """`EACH` scenes of every kind, keyed by whether they show a garment, with what was answered."""
    rng = np.random.default_rng(5)
    recognizer = open_recognizer(resolve(None))
    kinds = list(itertools.product(TEXTURES, (True, False)))
    found: dict[bool, dict[Kind, list[tuple[Scene, Recognition]]]] = {
        shown: {kind: [] for kind in kinds} for shown in (True, False)
    }
    for scene in scenes(rng, load_garments()):
        mine = found[scene.label != EMPTY][kind_of(scene)]
        if len(mine) < EACH:
            mine.append((scene, recognizer.recognize(render(scene, rng))))
        elif all(len(some) == EACH for shown in found.values() for some in shown.values()):
            return found
    raise AssertionError("the demo's scenes never end")


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("texture", list(TEXTURES))
def test_a_garment_is_found_where_it_lies(answers, texture: str, dark: bool) -> None:
    for scene, answer in answers[True][texture, dark]:
        assert answer.box is not None
        x, y, width, height = answer.box
        assert x <= scene.centre[0] <= x + width and y <= scene.centre[1] <= y + height
        assert max(width, height) == pytest.approx(scene.size, rel=0.25)


def test_garments_are_named_and_empty_scenes_refused(answers) -> None:
    """Loose bounds: benchmarks/photos.md and the demo's score have the figures."""
    shown = [pair for pairs in answers[True].values() for pair in pairs]
    right = [answer.prediction.label_index == scene.label for scene, answer in shown]
    kept = [not answer.prediction.unknown for _, answer in shown]
    empty = [answer.prediction.unknown for pairs in answers[False].values() for _, answer in pairs]
    assert len(shown) == len(empty) == 2 * EACH * len(TEXTURES)
    assert np.mean(right) > 0.75
    assert np.mean(kept) > 0.8
    assert np.mean(empty) >= 0.95
