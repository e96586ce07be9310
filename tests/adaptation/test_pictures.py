"""From folders of pictures to garments."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from edgefmnist.adaptation.pictures import File, prepare
from edgefmnist.camera.pictures.finding import finding_fields
from edgefmnist.camera.pictures.notes import unheard

SEEN = np.arange(784, dtype=np.uint8).reshape(28, 28)


class Silent:
    """An observer of whom nothing is asked."""

    def stage(self, name: str, total: int | None = None) -> None:
        """As it should."""

    def progress(self, done: int, total: int) -> None:
        """As it should."""


def photo(folder: Path, name: str) -> Path:
    scene = np.full((120, 160, 3), 235, np.uint8)
    cv2.rectangle(scene, (40, 20), (110, 100), (40, 40, 40), -1)
    path = folder / f"{name}.jpg"
    assert cv2.imwrite(str(path), scene)
    return path


def test_a_kept_frame_is_learned_as_the_camera_saw_it(tmp_path: Path) -> None:
    """Which may have known its background, and found what nobody finds in the photo."""
    kept, empty, plain = (photo(tmp_path, name) for name in ("kept", "empty", "plain"))
    for path, picture in ((kept, SEEN), (empty, None)):
        fields = {
            "time": "2026-01-31T12:00:00.123Z",
            **finding_fields(picture, None, path.read_bytes()),
        }
        path.with_suffix(".json").write_text(json.dumps(fields))
    found = tuple(File(path=path, label="Coat") for path in (kept, empty, plain))
    garments = prepare(found, Silent(), unheard)
    assert [file.path for file in garments.files] == [kept, plain] and garments.empty == 1
    np.testing.assert_array_equal(garments.images[0], SEEN)
    assert np.any(garments.images[1] != SEEN)
    assert garments.taken_s[0] is not None and garments.taken_s[1] is None
