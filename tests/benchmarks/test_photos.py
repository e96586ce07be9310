"""The page of photo scores, on a small set of rendered photos; and real photos, where they are."""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.photos import measure
from benchmarks.photos.curve import at_kept, curve
from benchmarks.photos.score import STRICT, Answer, macro, score, share_refused
from benchmarks.photos.variants import ABLATIONS, APPROACHES, Variant
from edgefmnist.camera.recognizer import open_recognizer
from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.errors import BadPicture
from edgefmnist.records import LABELS
from edgefmnist.runtime.models import resolve

FOLDERS = {label: folder for folder, labels in STRICT.items() for label in labels} | {"Bag": "hat"}


def answer(folder: str, label: str, known: float, *, found: bool = True) -> Answer:
    return Answer(
        folder=folder, name=f"{folder}{known}", label=label, found=found, known=known,
        picture=np.zeros((28, 28), np.uint8), preprocess_ns=1,
    )  # fmt: skip


def nothing_told(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rendered photos for each folder that the demo has garments for."""
    root, source = tmp_path_factory.mktemp("photos"), open_demo("demo:5")
    counts = dict.fromkeys(FOLDERS.values(), 0)
    while min(counts.values()) < 2:
        frame = source.read()
        assert frame is not None and frame.true_label is not None
        folder = FOLDERS[LABELS[frame.true_label]] if frame.true_label >= 0 else ""
        if counts.get(folder, 2) < 2:
            (root / folder).mkdir(exist_ok=True)
            cv2.imwrite(str(root / folder / f"{folder}-{counts[folder]}.png"), frame.pixels)
            counts[folder] += 1
    return root


def test_what_counts_as_right() -> None:
    answers = [
        answer("dress", "Dress", 0.9),
        answer("dress", "Dress", 0.3),
        answer("shirt", "Coat", 0.9),
        answer("shirt", "Shirt", 0.9, found=False),
        answer("hat", "Bag", 0.9),
        answer("hat", "Bag", 0.3),
    ]
    off, on = score(answers, None), score(answers, 0.5)
    assert off.strict == {"dress": 1, "shirt": 0.5} and off.lenient == {"dress": 1, "shirt": 1}
    assert off.kept == {"dress": 1, "shirt": 1} and off.refused == {"hat": 0}
    assert on.strict == {"dress": 0.5, "shirt": 0} and on.lenient == {"dress": 0.5, "shirt": 0.5}
    assert on.kept == {"dress": 0.5, "shirt": 0.5} and on.refused == {"hat": 0.5}
    assert off.margin(off.lenient) == 0 < off.margin(off.strict) < 1


def test_the_curve_runs_from_all_kept_to_all_refused() -> None:
    random = np.random.default_rng(0)
    scores = random.uniform(0, 1, 120).tolist()
    answers = [answer("dress" if k in scores[:40] else "hat", "Bag", k) for k in scores[:80]]
    empty = [answer("empty", "Bag", k / 2) for k in scores[80:]]
    points = curve(answers, empty)
    assert points[0].kept == 1 and points[0].refused == 0 == points[0].empty_refused
    assert points[-1].kept == 0 and points[-1].refused == 1 == points[-1].empty_refused
    for before, after in itertools.pairwise(points):
        assert after.kept <= before.kept and after.refused >= before.refused
    chosen = at_kept(points, 0.8)
    assert chosen.kept >= 0.8
    assert all(p.kept < 0.8 for p in points if p.threshold > chosen.threshold)


@pytest.mark.parametrize("variant", [*ABLATIONS, *APPROACHES], ids=lambda v: v.name)
def test_each_variant_replaces_a_step_that_is_taken(variant: Variant, photos: Path) -> None:
    called = []

    def counted(target: str, stand_in: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            called.append(target)
            return stand_in(*given, **named)

        return call

    steps = {target: counted(target, stand_in) for target, stand_in in variant.replace.items()}
    recognizer = open_recognizer(resolve(None), unknown_threshold="off")
    pictures = measure.read_photos(photos, nothing_told)[:4]
    with Variant(name=variant.name, replace=steps).active():
        answers = measure.answer_photos(pictures, recognizer, nothing_told)
    assert set(called) == set(variant.replace)
    count = len(called)
    assert all(one.picture.shape == (28, 28) for one in answers)
    measure.answer_photos(pictures, recognizer, nothing_told)
    assert len(called) == count  # put back afterwards


def test_the_page_and_its_pictures(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.photos.__main__ import run

    monkeypatch.setattr(measure, "EMPTY_SCENES", 5)
    out, seen = tmp_path / "out", tmp_path / "seen"
    run(
        argparse.Namespace(photos=photos, model=None, quick=False, out=out, failures_out=seen),
    )
    page = (out / "photos.md").read_text()
    assert "$" not in page
    assert all(variant.name in page for variant in ABLATIONS)
    for half in ("tuning half", "reporting half", "all"):
        assert f"| {half} |" in page
    pictures = {f"pictures/photos_{name}.png" for name in ("confusion", "curve", "failures")}
    assert all(name in page for name in pictures)
    written = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert written == {"photos.md"} | pictures
    assert max((out / name).stat().st_size for name in pictures) < 150_000
    # Only photos of the half that may be looked at are shown.
    names = [p.name.removesuffix(".explained.png") for p in seen.rglob("*.png")]
    assert all(measure.in_tuning_half(f"{name}.png") for name in names)


def test_the_quick_use_prints_the_scores(
    photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks.photos.__main__ import run

    monkeypatch.setattr(measure, "EMPTY_SCENES", 5)
    run(argparse.Namespace(photos=photos, model=None, quick=True, out=None, failures_out=None))
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert "strict" in head and "empty refused" in head
    assert [row.split(" | ")[2] for row in rows] == ["off", "default"] * (len(rows) // 2)


def test_a_folder_without_photos_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match=f"{tmp_path} has no folders of photos"):
        measure.read_photos(tmp_path, nothing_told)


@pytest.mark.photos
@pytest.mark.slow
def test_real_photos_are_named_and_the_rest_refused() -> None:
    folder = os.environ.get("EDGEFMNIST_PHOTOS")
    if not folder:
        pytest.skip("no photos: name a folder of garment photos in EDGEFMNIST_PHOTOS")
    threshold = open_recognizer(resolve(None)).unknown_threshold
    always = open_recognizer(resolve(None), unknown_threshold="off")
    answers = measure.answer_photos(
        measure.read_photos(Path(folder), nothing_told), always, nothing_told
    )
    off, on = score(answers, None), score(answers, threshold)
    assert macro(off.strict) >= 0.62
    assert macro(off.lenient) >= 0.78
    assert macro(on.kept) >= 0.88
    assert macro(on.refused) >= 0.5
    assert share_refused(measure.answer_empty(always, nothing_told), threshold) >= 0.95
