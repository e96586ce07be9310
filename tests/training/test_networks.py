"""Networks with more outputs and fewer."""

from __future__ import annotations

import numpy as np

from edgefmnist.dataset import load
from edgefmnist.frameworks import require_keras


def test_new_outputs_begin_at_zero_and_can_be_taken_away() -> None:
    require_keras()
    from edgefmnist.training import networks

    model = networks.tiny()
    batch = load("test").images[:20].astype(np.float32)[..., np.newaxis]
    before = np.asarray(model(batch))
    wide = networks.widened(model, 13)
    answers = np.asarray(wide(batch))
    np.testing.assert_allclose(answers[:, :10], before, rtol=1e-5)
    assert answers.shape == (20, 13) and not answers[:, 10:].any()
    np.testing.assert_allclose(np.asarray(networks.narrowed(wide)(batch)), before, rtol=1e-5)
    assert networks.widened(model, 10) is model
