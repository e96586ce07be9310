"""Choosing where to train, and in which precision."""

from __future__ import annotations

import dataclasses

import keras

from edgefmnist.errors import MissingDependency
from edgefmnist.training.records import DeviceChoice


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a training runs.

    name: Keras's name, such as ``cpu:0`` or ``gpu:0``.
    precision: Keras dtype policy; mixed on a GPU, whose tensor cores are idle in float32.
    """

    name: str
    precision: str


def choose(wanted: DeviceChoice) -> Device:
    """Take a GPU where there is one and it is not ruled out, else the CPU.

    Raises: MissingDependency when "gpu" is asked for and the backend sees none.
    """
    gpus = [] if wanted == "cpu" else keras.distribution.list_devices("gpu")
    if gpus:
        return Device(name=gpus[0], precision="mixed_float16")
    if wanted == "gpu":
        backend = keras.backend.backend()
        raise MissingDependency(
            f"the {backend} backend sees no GPU: install its CUDA build "
            "(pip install 'tensorflow[and-cuda]') and a driver, or use --device cpu"
        )
    return Device(name="cpu:0", precision="float32")
