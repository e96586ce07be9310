"""What is unknown is calibrated on the same pictures each time, of every class."""

from __future__ import annotations

import numpy as np
import pytest

from edgefmnist.dataset import Samples, load
from edgefmnist.errors import BadInput
from edgefmnist.quantization import calibration


def test_validation_pictures_without_a_class_are_refused() -> None:
    test = load("test")
    few = test.labels[:200] != 3
    with pytest.raises(BadInput, match="ten classes"):
        calibration.camera_pictures(
            Samples(images=test.images[:200][few], labels=test.labels[:200][few])
        )


def test_calibration_pictures_are_always_the_same() -> None:
    test = load("test")
    few = Samples(images=test.images[:100], labels=test.labels[:100])
    first, again = calibration.camera_pictures(few), calibration.camera_pictures(few)
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1].sum() == 100 and len(first[0]) > 1_000
