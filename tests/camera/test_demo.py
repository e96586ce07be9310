"""The demo: the same seed gives the same frames, every ground and polarity, true labels."""

from __future__ import annotations

import time
from itertools import islice, pairwise

import numpy as np
import pytest

from edgefmnist.camera.sources.backgrounds import TEXTURES
from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.camera.sources.garments import PER_CLASS, draw_garments, load_garments
from edgefmnist.camera.sources.scenes import EMPTY, new_scene, render, scenes
from edgefmnist.dataset import load
from edgefmnist.errors import UsageError
from edgefmnist.records import Frame


def first_frames(uri: str, count: int) -> list[Frame]:
    source = open_demo(uri)
    frames = [source.read() for _ in range(count)]
    return [frame for frame in frames if frame is not None]


def test_garments_are_fifty_test_images_of_each_class(data_folder: object) -> None:
    garments = load_garments()
    samples = load("test", data_folder)  # type: ignore[arg-type]
    assert np.bincount(garments.labels).tolist() == [PER_CLASS] * 10
    np.testing.assert_array_equal(samples.images[garments.indices], garments.images)
    np.testing.assert_array_equal(samples.labels[garments.indices], garments.labels)
    again = draw_garments(samples.images, samples.labels)
    np.testing.assert_array_equal(again.indices, garments.indices)


def test_same_seed_gives_the_same_frames_bit_for_bit() -> None:
    one, two, other = (first_frames(uri, 15) for uri in ("demo:5", "demo:5", "demo:6"))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)
        assert (a.index, a.true_label) == (b.index, b.true_label)
    assert any((a.pixels != c.pixels).any() for a, c in zip(one, other, strict=True))
    assert open_demo("demo").name == "demo:0"


def test_realtime_gives_the_same_frames_when_each_is_due() -> None:
    start_ns = time.monotonic_ns()
    live = open_demo("demo:5", realtime=True, fps=40)
    assert live.live and not open_demo("demo:5").live
    frames = [live.read() for _ in range(8)]
    for live_frame, frame in zip(frames, first_frames("demo:5", 8), strict=True):
        assert live_frame is not None
        np.testing.assert_array_equal(live_frame.pixels, frame.pixels)
        assert live_frame.captured_ns <= time.monotonic_ns()
        assert live_frame.captured_ns - start_ns >= live_frame.index / 40 * 1e9
    with pytest.raises(UsageError, match="--realtime"):
        open_demo("demo", fps=40)


def test_frames_are_what_a_camera_gives() -> None:
    frames = first_frames("demo", 12)
    assert [frame.index for frame in frames] == list(range(12))
    for frame in frames:
        assert frame.pixels.shape == (480, 640, 3)
        assert frame.pixels.dtype == np.uint8
    assert all((a.pixels != b.pixels).any() for a, b in pairwise(frames))


def test_garments_stay_for_some_frames_with_empty_scenes_between() -> None:
    garments = load_garments()
    drawn = list(islice(scenes(np.random.default_rng(1), garments), 40))
    for shown, empty in zip(drawn[::2], drawn[1::2], strict=True):
        assert 0 <= shown.label <= 9 and 8 <= shown.frames <= 12
        assert empty.label == EMPTY and empty.cover is None and 2 <= empty.frames <= 4


def test_every_ground_and_both_polarities_come_up() -> None:
    random = np.random.default_rng(0)
    image = load_garments().images[0]
    seen = {(s.texture, s.dark) for s in (new_scene(random, image, 0) for _ in range(80))}
    assert seen == {(texture, dark) for texture in TEXTURES for dark in (True, False)}


@pytest.mark.parametrize("dark", [True, False])
def test_garment_is_darker_or_lighter_than_its_ground(dark: bool) -> None:
    random = np.random.default_rng(3)
    garments = load_garments()
    checked = 0
    for image, label in zip(garments.images[:60], garments.labels[:60], strict=True):
        scene = new_scene(random, image, int(label))
        if scene.dark is not dark or scene.cover is None:
            continue
        frame = render(scene, random).astype(float).mean(axis=2)
        x, y = (int(v) for v in scene.centre)
        half = int(scene.size * 0.62)
        window = frame[max(0, y - half) : y + half, max(0, x - half) : x + half]
        rim = np.median(np.concatenate([frame[:8].ravel(), frame[-8:].ravel()]))
        extreme = np.percentile(window, 3 if dark else 97)
        assert (rim - extreme > 40) if dark else (extreme - rim > 40)
        checked += 1
    assert checked >= 15


@pytest.mark.parametrize("texture", TEXTURES)
def test_textures_are_bounded_and_not_flat(texture: str) -> None:
    plane = TEXTURES[texture](np.random.default_rng(0), 480, 640)
    assert plane.shape == (480, 640) and plane.dtype == np.float32
    assert 0.002 < plane.std() < 0.1 and np.abs(plane).max() < 0.4
