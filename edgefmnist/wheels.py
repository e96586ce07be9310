"""Which TensorFlow Lite runtime has wheels for a machine, and what to do where none has."""

from __future__ import annotations

import dataclasses
import platform
import sys

LITERT = "ai-edge-litert"
LEGACY = "tflite-runtime"
_LEGACY_LAST = (3, 11)  # Python that it has wheels for
_LEGACY_INSTALL = "pip install 'tflite-runtime==2.14.0' 'numpy<2' 'opencv-python-headless<4.10'"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a machine can have.

    package: `LITERT`, `LEGACY`, or empty where no runtime has wheels. machine: what it is, in
    words. mend: how to get the package, or what else to do.
    """

    package: str
    machine: str
    mend: str


def offer(architecture: str, pointer_bits: int, python: tuple[int, ...]) -> Offer:
    """What a machine can have, by what Python says of it.

    architecture: as ``platform.machine()`` has it, which is the kernel's. pointer_bits: 32 or 64,
    of Python itself. python: its version. By the tags of ai-edge-litert 2.3.0's and tflite-runtime
    2.14.0's wheels.
    """
    name = architecture.lower()
    if name.startswith(("armv5", "armv6")):
        mend = (
            "a Raspberry Pi Zero or 1 cannot run the models: take a Zero 2 W, 3, 4 or 5, with the "
            "64-bit Raspberry Pi OS"
        )
        return Offer(package="", machine=f"{name}, a processor of ARMv6 or older", mend=mend)
    if name.startswith("armv") or (name in ("aarch64", "arm64") and pointer_bits == 32):
        return _of_32_bit_arm(name, python)
    return Offer(
        package=LITERT if name in ("x86_64", "amd64", "aarch64", "arm64") else "",
        machine=f"{name}, {pointer_bits}-bit",
        mend=f"pip install {LITERT}" if pointer_bits == 64 else "use a 64-bit x86 or Arm system",
    )


def offer_here() -> Offer:
    """What this machine can have."""
    return offer(platform.machine(), 64 if sys.maxsize > 2**32 else 32, sys.version_info[:2])


def _of_32_bit_arm(name: str, python: tuple[int, ...]) -> Offer:
    kernel = "" if name == "armv7l" else " under a 64-bit kernel"
    machine = f"{name}, 32-bit system{kernel}"
    mend = "put the 64-bit Raspberry Pi OS on the card, if the board has one (Zero 2 W, 3, 4, 5)"
    if python[:2] > _LEGACY_LAST:
        version = ".".join(map(str, python[:2]))
        machine += f", Python {version}; {LEGACY} ends at 3.11"
        return Offer(package="", machine=machine, mend=mend)
    # pip goes by the kernel's name, which only linux32 changes.
    linux32 = "linux32 " if name in ("aarch64", "arm64") else ""
    return Offer(package=LEGACY, machine=machine, mend=f"{linux32}{_LEGACY_INSTALL}, or {mend}")
