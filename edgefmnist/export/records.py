"""What goes into an export and what comes out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from edgefmnist.export.structure import Structure
from edgefmnist.runtime.model_file import ModelFile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExportConfig:
    """One export, fully decided. out: the folder; None: NAME-c-array in the current one."""

    model: ModelFile
    out: Path | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MicroCheck:
    """What TensorFlow Lite Micro said to the model.

    arena_bytes: the smallest memory for tensors it ran the vectors in, a multiple of 16.
    largest_step: greatest difference of one output from LiteRT's reference kernels, in steps of
        the output's scale.
    """

    runtime: str
    arena_bytes: int
    largest_step: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """The golden vectors as exported.

    made_with: whose outputs are expected. tolerance_steps: how far the reference kernels of
    TensorFlow Lite Micro may be from them. same_label, largest_step: how the outputs stand to those
    in the bundle.
    """

    vectors: int
    made_with: str
    tolerance_steps: int
    same_label: int
    largest_step: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """One export. check: None where TensorFlow Lite Micro is not installed.

    flash_bytes: of the constant data by file, code aside.
    """

    model: ModelFile
    sha256: str
    prefix: str
    structure: Structure
    golden: Golden
    check: MicroCheck | None
    flash_bytes: dict[str, int]
    out: Path

    def record(self) -> dict[str, Any]:
        """The export as JSON values, without what belongs to one machine."""
        return {
            "model": self.model.name,
            "sha256": self.sha256,
            "prefix": self.prefix,
            "flash_bytes": self.flash_bytes,
            "operators": self.structure.kinds,
            "input": dataclasses.asdict(self.structure.input),
            "output": dataclasses.asdict(self.structure.output),
            "golden": dataclasses.asdict(self.golden),
            "micro": dataclasses.asdict(self.check) if self.check else None,
        }
