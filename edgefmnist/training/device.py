"""Choosing where to train, and in which precision."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import keras

from edgefmnist.errors import MissingDependency
from edgefmnist.training.records import DeviceChoice, TrainConfig


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a training runs.

    name: Keras's name, such as ``cpu:0`` or ``gpu:0`` (torch: ``cpu``).
    precision: Keras dtype policy; mixed where the hardware multiplies half precision faster.
    """

    name: str
    precision: str


def choose(wanted: DeviceChoice) -> Device:
    """Take a GPU where there is one and it is not ruled out, else the CPU.

    Raises: MissingDependency when "gpu" is asked for and the backend sees none.
    """
    gpus = [] if wanted == "cpu" else _gpus()
    if gpus:
        return Device(name=gpus[0], precision="mixed_float16")
    if wanted == "gpu":
        backend = keras.backend.backend()
        raise MissingDependency(
            f"the {backend} backend sees no GPU: install its CUDA build "
            "(pip install 'tensorflow[and-cuda]') and a driver, or use --device cpu"
        )
    # Under "cpu:0" Keras's torch variables come out as copies that take no gradients.
    name = "cpu" if keras.backend.backend() == "torch" else "cpu:0"
    return Device(name=name, precision=cpu_precision())


def placed(config: TrainConfig, name: str) -> contextlib.AbstractContextManager[object]:
    """A block whose tensors lie on the device called `name`.

    Processes that train together have their devices given to them.
    """
    placing: contextlib.AbstractContextManager[object] = keras.device(name)
    return contextlib.nullcontext() if config.cluster else placing


def _gpus() -> list[str]:
    try:
        return list(keras.distribution.list_devices("gpu"))
    except RuntimeError:  # how JAX says that there is none
        return []


def cpu_precision(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Bfloat16 where the CPU multiplies it and the backend's library (oneDNN) makes use of that.

    A step of `accurate` then takes 0.8 of the time (`benchmarks/training_step.py`); JAX gains
    nothing.
    """
    if keras.backend.backend() == "jax" or not cpuinfo.is_file():
        return "float32"
    flags = set(cpuinfo.read_text(encoding="utf-8").split())
    return "mixed_bfloat16" if flags & {"avx512_bf16", "amx_bf16"} else "float32"
