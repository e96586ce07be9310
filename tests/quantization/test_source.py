"""What is not a trained model is refused, with the way to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgefmnist.errors import BadInput
from edgefmnist.quantization.card import train_command
from edgefmnist.quantization.source import read_source
from edgefmnist.runtime.bundle import read_card
from tests.conftest import RunCli, assert_one_line


@pytest.mark.parametrize("command", ["layers", "quantize", "calibration"])
def test_a_bundle_has_no_float_weights(
    run_cli: RunCli, shipped_bundle: Path, tmp_path: Path, command: str
) -> None:
    line = (
        "--epochs 6 --seed 0 --start EDGE --teacher accurate "
        "--photos photos/clothes.npz --photos photos/things.npz --out RUN"
    )
    missing = {"EDGEFMNIST_DATA": str(tmp_path / "none")}  # it is said before data are looked for
    for name in ("edge", shipped_bundle):
        assert_one_line(run_cli(command, name, env=missing), 5, "no float weights", line)


def test_a_bare_tflite_has_none_either(small_model: Path) -> None:
    with pytest.raises(BadInput, match="no float weights"):
        read_source(small_model)


def test_the_command_of_a_training_holds_what_was_set(shipped_bundle: Path) -> None:
    import dataclasses

    card = dataclasses.replace(
        read_card(shipped_bundle),
        settings={"learning_rate": "2e-3", "epochs": "60"},
        teachers={},
        start={},
        photos={},
    )
    assert train_command(card) == (
        "edgefmnist train --recipe edge --set learning_rate=2e-3 --set epochs=60 --seed 0"
    )
