"""The learned background: learned from still frames, kept, compared with, followed, given up."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgefmnist.errors import BadInput, CannotWrite
from edgefmnist.preprocess import Preprocessor
from edgefmnist.preprocess.background import Background
from edgefmnist.preprocess.background_file import load, save
from edgefmnist.preprocess.learning import LEARN_FRAMES, Learner

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

SIDE = (320, 240)  # width and height of the frames
SHIRT = np.array(
    [[120, 60], [140, 70], [180, 70], [200, 60], [235, 110], [210, 130], [200, 110], [200, 190],
     [120, 190], [120, 110], [110, 130], [85, 110]], np.int32
)  # fmt: skip


class Camera:
    """A fixed camera over a textured table, with sensor noise; all drawn with one seed."""

    def __init__(self, brightness: float = 140, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        coarse = self._random.normal(0, 6, (SIDE[1] // 6, SIDE[0] // 6, 1)).astype(np.float32)
        texture = cv2.resize(coarse, SIDE, interpolation=cv2.INTER_CUBIC)[..., None]
        self._noise = self._random.normal(0, 2.5, (16, SIDE[1], SIDE[0], 3)).astype(np.float32)
        self.table = (brightness + texture) * np.array([0.9, 0.97, 1.0], np.float32)

    def frame(self, scene: Plane | None = None) -> Pixels:
        noise = self._noise[self._random.integers(len(self._noise))]
        seen = (self.table if scene is None else scene) + noise
        return np.clip(np.rint(seen), 0, 255).astype(np.uint8)

    def learned(self) -> Background:
        learner = Learner()
        for _ in range(LEARN_FRAMES):
            background = learner.add(self.frame())
        assert background is not None
        return background

    def with_shirt(self, colour: tuple[float, float, float]) -> Plane:
        scene = self.table.copy()
        scene[shirt() > 0] = colour
        return scene

    def with_shade(self, depth: float, softness: float) -> Plane:
        shade = np.zeros((SIDE[1], SIDE[0]), np.float32)
        cv2.ellipse(shade, (160, 120), (70, 50), 20, 0, 360, 1, -1)
        return self.table * (1 - depth * cv2.GaussianBlur(shade, (0, 0), softness)[..., None])


def shirt() -> Pixels:
    mask = np.zeros((SIDE[1], SIDE[0]), np.uint8)
    cv2.fillPoly(mask, [SHIRT], 255)
    return mask


def overlap(mask: Pixels | None) -> float:
    """Intersection over union with the shirt."""
    assert mask is not None
    found = cv2.resize(mask, SIDE, interpolation=cv2.INTER_LINEAR) > 127
    truth = shirt() > 0
    return float((found & truth).sum() / (found | truth).sum())


RED, BLACK, WHITE = (40.0, 40.0, 170.0), (25.0, 25.0, 25.0), (235.0, 235.0, 235.0)


@pytest.mark.parametrize("colour", [RED, BLACK, WHITE])
def test_garment_is_found_exactly_and_the_empty_table_is_empty(
    colour: tuple[float, float, float],
) -> None:
    camera = Camera()
    background = camera.learned()
    assert all(background.find(camera.frame()) is None for _ in range(20))
    assert overlap(background.find(camera.frame(camera.with_shirt(colour)))) > 0.94


def test_outline_is_finer_than_its_pixels_and_neither_too_wide_nor_too_narrow() -> None:
    camera = Camera()
    mask = camera.learned().find(camera.frame(camera.with_shirt(RED)))
    assert mask is not None
    assert np.any((mask > 0) & (mask < 255))
    assert mask.mean() == pytest.approx(shirt().mean(), rel=0.02)


def test_preprocessor_works_with_it_and_draws_the_same_way() -> None:
    camera = Camera()
    preprocessor = Preprocessor(camera.learned())
    assert preprocessor.prepare(camera.frame()).picture is None
    prepared = preprocessor.prepare(camera.frame(camera.with_shirt(BLACK)))
    assert prepared.picture is not None and prepared.picture.shape == (28, 28)
    assert prepared.box is not None and np.allclose(prepared.box, (85, 60, 151, 131), atol=4)
    assert overlap(prepared.mask) > 0.94


@pytest.mark.parametrize("share", [0.8, 0.7, 1.15])
def test_grey_garment_on_grey_ground(share: float) -> None:
    camera = Camera()
    background = camera.learned()
    colour = tuple(float(c) * share for c in camera.table.mean(axis=(0, 1)))
    assert overlap(background.find(camera.frame(camera.with_shirt(colour)))) > 0.9


@pytest.mark.parametrize("depth", [0.15, 0.25, 0.4])
def test_soft_shadow_is_no_garment(depth: float) -> None:
    camera = Camera()
    background = camera.learned()
    assert background.find(camera.frame(camera.with_shade(depth, softness=6))) is None


def test_shadow_beside_a_garment_does_not_belong_to_it() -> None:
    camera = Camera()
    background = camera.learned()
    scene = camera.with_shade(0.3, softness=8)
    scene[shirt() > 0] = RED
    assert overlap(background.find(camera.frame(scene))) > 0.9


@pytest.mark.parametrize("gain", [(0.75, 0.75, 0.75), (1.25, 1.25, 1.25), (1.1, 1.0, 0.9)])
def test_exposure_and_white_balance_may_change_from_one_frame_to_the_next(
    gain: tuple[float, float, float],
) -> None:
    camera = Camera()
    background = camera.learned()
    scale = np.array(gain, np.float32)
    assert background.find(camera.frame(camera.table * scale)) is None
    scene = camera.with_shirt(RED) * scale
    assert overlap(background.find(camera.frame(scene))) > 0.93
    assert background.fits


def test_small_things_are_no_garment() -> None:
    camera = Camera()
    background = camera.learned()
    scene = camera.table.copy()
    scene[100:120, 100:120] = BLACK
    assert background.find(camera.frame(scene)) is None


def test_light_that_moves_slowly_is_followed() -> None:
    camera = Camera()
    background = camera.learned()
    across = np.linspace(-1, 1, SIDE[0], dtype=np.float32)[None, :, None]
    for step in range(900):  # half a minute at 30 a second
        light = 1 + 0.1 * across * step / 900
        assert background.find(camera.frame(camera.table * light)) is None
    assert background.fits
    scene = camera.with_shirt(RED) * light
    assert overlap(background.find(camera.frame(scene))) > 0.93


def test_garment_left_lying_is_not_absorbed_and_leaves_no_ghost() -> None:
    camera = Camera()
    background = camera.learned()
    colour = tuple(float(c) * 0.75 for c in camera.table.mean(axis=(0, 1)))
    scene = camera.with_shirt(colour)
    shots = [camera.frame(scene) for _ in range(20)]
    for turn in range(90):  # 1,800 frames: six times the memory of the background
        for shot in shots:
            mask = background.find(shot)
        if turn % 15 == 14:
            assert overlap(mask) > 0.9
    assert background.find(camera.frame()) is None


def test_moved_camera_is_noticed_searched_without_and_regained() -> None:
    camera, other = Camera(), Camera(seed=1)
    background = camera.learned()
    preprocessor = Preprocessor(background)
    shown = [preprocessor.prepare(other.frame()).picture for _ in range(60)]
    assert not background.fits
    assert all(picture is None for picture in shown)
    by_search = Preprocessor().prepare(other.frame(other.with_shirt(BLACK)))
    assert by_search.picture is not None
    found = preprocessor.prepare(other.frame(other.with_shirt(BLACK)))
    assert overlap(found.mask) > 0.85
    for _ in range(20):
        background.find(camera.frame())
    assert background.fits
    assert overlap(background.find(camera.frame(camera.with_shirt(RED)))) > 0.94


def test_nothing_is_learned_while_something_moves() -> None:
    camera = Camera()
    learner = Learner()
    for step in range(3 * LEARN_FRAMES):
        scene = camera.table.copy()
        scene[80:160, step % 240 : step % 240 + 60] = BLACK
        assert learner.add(camera.frame(scene)) is None
    for _ in range(LEARN_FRAMES + 15):
        background = learner.add(camera.frame())
        if background is not None:
            break
    assert background is not None
    assert background.find(camera.frame()) is None


def test_saved_and_loaded_it_finds_the_same(tmp_path: Path) -> None:
    camera = Camera()
    background = camera.learned()
    path = tmp_path / "table"  # no suffix: it is kept as named
    save(background, path)
    again = load(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["table"]
    assert again.frame_size == SIDE
    for scene in (None, camera.with_shirt(RED)):
        frame = camera.frame(scene)
        one, two = background.find(frame), again.find(frame)
        assert (one is None and two is None) or np.array_equal(one, two)
    with pytest.raises(CannotWrite, match="nowhere"):
        save(background, tmp_path / "nowhere" / "table.npz")


def test_frames_of_another_size_are_refused() -> None:
    background = Camera().learned()
    with pytest.raises(BadInput, match=r"320x240.*640x480.*--learn-background"):
        background.find(np.zeros((480, 640, 3), np.uint8))


def test_a_later_frame_of_another_size_is_searched_without_it() -> None:
    """As a stream sends whose settings were changed. A run of months must not end by it."""
    camera = Camera()
    background = camera.learned()
    preprocessor = Preprocessor(background)
    preprocessor.prepare(camera.frame())
    with_shirt = camera.frame(camera.with_shirt(BLACK))
    larger = cv2.resize(with_shirt, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    assert preprocessor.prepare(larger).picture is not None
    assert preprocessor.background_fits is False
    for _ in range(20):
        preprocessor.prepare(camera.frame())
    assert preprocessor.background_fits is True
    assert overlap(preprocessor.prepare(with_shirt).mask) > 0.94


def test_damaged_and_foreign_files_are_refused_in_one_line(tmp_path: Path) -> None:
    good = tmp_path / "good.npz"
    save(Camera().learned(), good)
    whole = good.read_bytes()
    stored = dict(np.load(good))
    bad = tmp_path / "bad.npz"

    def refused(words: str) -> None:
        with pytest.raises(BadInput, match=words) as caught:
            load(bad)
        assert "\n" not in str(caught.value) and "--learn-background" in str(caught.value)

    refused("no background at")
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for content in (b"", b"text", whole[: len(whole) // 2], bytes(flipped), bytes(1_000_000)):
        bad.write_bytes(content)
        refused("is damaged or no learned background")
    bad.write_bytes(bytes(10_000_000))
    refused("larger than 3 MB")
    changes: list[dict[str, object]] = [
        {"mean": stored["mean"] * np.nan},
        {"mean": stored["mean"][1:]},
        {"variance": stored["variance"] - 1e6},
        {"variance": stored["variance"].astype(np.float64)},
        {"frame_size": np.array([1, 2, 3])},
        {"frame_size": np.array([-4, 3])},
        {"mean": np.array([{}], object)},
        {"schema": "something else"},
    ]
    for change in changes:
        np.savez(bad, **{**stored, **change})  # type: ignore[arg-type]
        refused("is damaged or no learned background")
    np.savez(bad, **{**stored, "version": np.array(9)})  # type: ignore[arg-type]
    refused("has version 9")


def test_a_frame_far_wider_than_high_is_compared_too() -> None:
    random = np.random.default_rng(0)
    learner = Learner()
    frame = random.integers(60, 180, (4, 2000, 3), dtype=np.uint8)
    learned = None
    while learned is None:
        learned = learner.add(frame)
    assert learned.find(frame) is None and learned.fits


@pytest.mark.parametrize("kind", ["fifo", "folder", "fortran"])
def test_what_is_no_plain_file_of_arrays_is_refused_or_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd.npz"
    if kind == "fortran":  # laid out by columns, but sound
        learner = Learner()
        frame = np.full((48, 64, 3), 120, np.uint8)
        learned = None
        while learned is None:
            learned = learner.add(frame)
        learned.mean = np.asfortranarray(learned.mean)
        save(learned, path)
        assert load(path).find(frame) is None
        return
    os.mkfifo(path) if kind == "fifo" else path.mkdir()
    with pytest.raises(BadInput, match="no file"):
        load(path)
