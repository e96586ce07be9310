"""Keras models that are wrong in one way each, and their conversions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgefmnist.frameworks import require_tensorflow

SaveModel = Callable[..., Path]


class Nobody:
    """An observer that does not look."""

    def stage(self, name: str, total: int | None = None) -> None: ...

    def progress(self, done: int, total: int) -> None: ...


@pytest.fixture(scope="session")
def calibration_images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)


def dense(size: int = 28, classes: int = 10) -> Any:
    """The least network with the contract's shapes, or with others."""
    require_tensorflow()
    import keras

    image = keras.Input((size, size, 1))
    x = keras.layers.Rescaling(1 / 255)(image)
    return keras.Model(image, keras.layers.Dense(classes)(keras.layers.Flatten()(x)))


def collapsed() -> Any:
    """A network whose last bias drowns everything: one class for every picture."""
    model = dense()
    kernel, bias = model.layers[-1].get_weights()
    bias[3] = 1e4
    model.layers[-1].set_weights([kernel, bias])
    return model


@pytest.fixture(scope="session")
def collapsed_keras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("collapsed") / "collapsed.keras"
    collapsed().save(path)
    return path
