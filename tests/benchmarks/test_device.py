"""What the page of sizes counts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import device


def test_a_distribution_weighs_what_its_files_do(tmp_path: Path) -> None:
    for name, size in (("small", 10), ("large", 3000)):
        (tmp_path / f"{name}.py").write_bytes(b"#" * size)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"{name}.py,,{size}\n{info.name}/METADATA,,\ngone.py,,9\n")
    sizes = device.installed_sizes(tmp_path)
    told = [len((tmp_path / f"{name}-1.0.dist-info" / "METADATA").read_bytes()) for name in sizes]
    assert list(sizes.items()) == [("large", 3000 + told[0]), ("small", 10 + told[1])]


def test_a_start_ends_with_the_first_answer() -> None:
    # It stays a moment, as a real command does while it ends.
    script = "import time; time.sleep(0.1); print('{\"label\": 1}', flush=True); time.sleep(0.1)"
    seconds, peak = device.starts([sys.executable, "-c", script])
    assert len(seconds) == device.STARTS and min(seconds) >= 0.1
    assert 5e6 < peak < 1e8


def test_a_camera_that_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "SETTLE_S", 1.0)
    command = Path(sys.executable)
    with pytest.raises(RuntimeError, match="ended with code 2"), device.camera(command, ()):
        pass
