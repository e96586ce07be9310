"""The fused layer computes what Keras's does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgefmnist.frameworks import require_tensorflow

pytest.importorskip("tensorflow")
SCRIPT = Path(__file__).parent / "short_training.py"


def test_it_trains_and_infers_as_keras_own() -> None:
    require_tensorflow()
    import keras

    from edgefmnist.training import networks
    from edgefmnist.training.normalization import fused, is_fused

    keras.utils.set_random_seed(1)
    plain = networks.tiny()
    quick = fused(plain)
    assert is_fused(quick) and not is_fused(plain)
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (256, 28, 28, 1)).astype(np.float32)
    labels = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 256)]
    for model in (plain, quick):
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.01), loss, jit_compile=False)
        for _ in range(3):
            model.train_on_batch(images, labels)
    for ours, theirs in zip(quick.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(quick(images), plain(images), rtol=1e-2, atol=1e-3)


@pytest.mark.slow
def test_what_is_saved_needs_nothing_of_ours(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(tmp_path), "--recipe", "tiny", "--epochs", "1"]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    require_tensorflow()
    import keras

    model = keras.saving.load_model(tmp_path / "model.keras")
    kinds = {type(layer) for layer in model.layers}
    assert keras.layers.BatchNormalization in kinds
    assert {kind.__module__.split(".")[0] for kind in kinds} == {"keras"}
