"""Where a training runs and how it multiplies."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgefmnist.frameworks import require_keras

FLAGS = "processor\t: 0\nflags\t\t: fpu sse2 avx2 {more} fma\n"


@pytest.mark.parametrize(
    ("more", "precision"),
    [("avx512_bf16", "mixed_bfloat16"), ("amx_bf16", "mixed_bfloat16"), ("avx512f", "float32")],
)
def test_half_precision_only_where_the_cpu_has_it(
    more: str, precision: str, tmp_path: Path
) -> None:
    require_keras()
    from edgefmnist.training import device

    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(FLAGS.format(more=more))
    assert device.cpu_precision(cpuinfo) == precision
    assert device.cpu_precision(tmp_path / "nothing") == "float32"
