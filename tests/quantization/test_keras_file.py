"""`.keras` files that are made to take all memory."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from edgefmnist.errors import BadModel
from edgefmnist.quantization import convert


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "metadata.json", "other"])
def test_an_archive_that_unpacks_beyond_its_size(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb.keras"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w") as part,
    ):
        for _ in range(600):
            part.write(bytes(1 << 20))
    with pytest.raises(BadModel, match="unpacks to more than 512 MB"):
        convert.load_keras(path)


def test_settings_that_are_too_large(tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", bytes(17 << 20))
    with pytest.raises(BadModel, match="settings take more than 16 MB"):
        convert.load_keras(path)


def test_a_layer_that_is_larger_than_memory_may_be(tmp_path: Path) -> None:
    import keras

    path = tmp_path / "huge.keras"
    keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    ).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = parts["config.json"].replace(b'"units": 10', b'"units": 2000000000')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(BadModel, match="not a Keras model that can be loaded"):
        convert.load_keras(path)
