"""All variants of a really trained model side by side, and the release of one of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgefmnist.camera.sources.demo import open_demo
from edgefmnist.camera.stills import garment_frames
from edgefmnist.dataset import Samples, load
from edgefmnist.environment import Watch
from edgefmnist.quantization.records import QuantizeConfig, Timings, VariantsResult
from edgefmnist.quantization.variants import quantize_all
from edgefmnist.render import variants as view
from edgefmnist.render.console import show_note
from edgefmnist.runtime import golden
from edgefmnist.runtime.bundle import OWN_FRAMES
from edgefmnist.runtime.classifier import Classifier
from edgefmnist.runtime.model_file import ModelFile
from edgefmnist.runtime.models import resolve
from tests.conftest import RunCli, assert_one_line

MICROSECONDS = {"float32": 90.0, "float16": 91.0, "dynamic": 70.0, "int8": 40.0, "int16x8": 900.0}


class Nobody:
    def stage(self, name: str, total: int | None = None) -> None: ...
    def progress(self, done: int, total: int) -> None: ...


def made_up_times(models: Sequence[ModelFile], on_window: Callable[[int, int], None]) -> Timings:
    """Of a device on which int8 is fastest."""
    assert all(model.path.is_file() for model in models)
    windows = tuple((MICROSECONDS[model.name],) * 9 for model in models)
    return Timings(windows_us=windows, conditions=Watch().end())


@pytest.fixture(scope="module")
def test_images() -> Samples:
    test = load("test")
    return Samples(images=test.images[:600], labels=test.labels[:600])


@pytest.fixture(scope="module")
def compared(
    tiny_run: Path, test_images: Samples, tmp_path_factory: pytest.TempPathFactory
) -> VariantsResult:
    out = tmp_path_factory.mktemp("bundles") / "best"
    config = QuantizeConfig(source=tiny_run, calibration_count=100, max_drop_pp=10, out=out)
    train = load("train")
    return quantize_all(config, "smallest", train, test_images, made_up_times, Nobody())


def test_every_variant_is_held_against_float32_on_both_sets(
    compared: VariantsResult, tiny_run: Path
) -> None:
    sizes = {row.variant: row.size_bytes for row in compared.rows}
    assert list(sizes) == ["float32", "float16", "dynamic", "int8", "int16x8"]
    assert sizes["float32"] > 1.8 * sizes["float16"] > 3 * sizes["int8"]
    held_out = json.loads((tiny_run / "result.json").read_text())["validation_count"]
    for row in compared.rows:
        assert row.test.quantized_eval.total == 600
        assert row.validation.quantized_eval.total == held_out
        assert row.right.mean() == row.validation.quantized_eval.accuracy
        assert row.test.agreement > 0.97
        assert row.p50_us == MICROSECONDS[row.variant]
    assert compared.rows[0].test.drop_pp == 0 and compared.rows[0].test.agreement == 1


def test_the_chosen_variant_is_released_and_the_reason_holds(compared: VariantsResult) -> None:
    """The three with 8-bit weights are as small as one another; of these int8 is fastest here."""
    chosen = compared.selection
    assert chosen is not None and chosen.variant == "int8"
    assert "equally small" in chosen.reason
    assert "int8 is the fastest here at 40 µs: dynamic takes 70 µs" in chosen.reason
    bundle = resolve(str(chosen.out))
    assert bundle.card == chosen.card
    row = next(row for row in compared.rows if row.variant == "int8")
    assert chosen.card.quantized_accuracy == row.test.quantized_eval.accuracy
    assert chosen.card.calibration_count == 100
    assert golden.replay(Classifier(bundle)).passed
    assert [path.name for path in chosen.out.parent.iterdir()] == ["best"]


def test_what_is_shown(
    compared: VariantsResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    view.show_json(compared)
    told = json.loads(capsys.readouterr().out)
    assert told["selection"]["reason"] == compared.selection.reason
    assert {row["variant"] for row in told["variants"]} == set(MICROSECONDS)
    assert told["variants"][3]["validation"]["drop_pp"] == compared.rows[3].validation.drop_pp
    view.show(compared)
    text = capsys.readouterr().out
    assert compared.selection.reason in " ".join(text.split())
    assert "chosen" in text
    view.plot(compared, tmp_path / "variants.png")
    drawn = cv2.imread(str(tmp_path / "variants.png"))
    assert drawn is not None and drawn.std() > 10


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--all", "--variant", "int8"), ("--all", "--variant int8")),
        (("--select", "fastest", "--variant", "int8"), ("--select", "--variant int8")),
        (("--all", "--out", "x"), ("--all alone writes no bundle", "--select")),
        (("--all", "--keep-float", "dense"), ("--keep-float",)),
        (("--plot", "x.png"), ("--plot", "--all")),
        (("--all", "--plot", "x.jpg"), (".png",)),
        (("--select", "best"), ("--select", "fastest")),
        (("--calibration-dir", ".", "--calibration-samples", "9"), ("--calibration-samples",)),
        (("--calibration-dir", ".", "--variant", "float16"), ("float16 needs no calibration",)),
    ],
)
def test_options_that_exclude_one_another(
    run_cli: RunCli, tmp_path: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_one_line(run_cli("quantize", "run", *options, cwd=tmp_path), 2, *words)
    assert list(tmp_path.iterdir()) == []


def test_where_no_variant_passes_nothing_is_written(
    run_cli: RunCli, tiny_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    done = run_cli("quantize", tiny_run, "--select", "fastest", "--max-drop", "-40", "--out", out)
    assert_one_line(done, 3, "no variant passes", "float32: drop", "int16x8: drop", "-40 points")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_whole_command(run_cli: RunCli, tiny_run: Path, tmp_path: Path) -> None:
    out, plot = tmp_path / "bundle", tmp_path / "variants.png"
    # Not the fastest: two float variants of a model this small cannot be told apart by time.
    words = ("--select", "smallest", "--max-drop", "10", "--out", out, "--plot", plot, "--json")
    done = run_cli("quantize", tiny_run, *words, timeout=900)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    times = {row["variant"]: row["p50_us"] for row in told["variants"]}
    assert all(value > 0 for value in times.values())
    assert resolve(str(out)).card.variant == told["selection"]["variant"]
    assert plot.is_file()


@pytest.fixture(scope="module")
def own_frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered frames, with and without a garment, one picture that is none, and a text."""
    folder, source = tmp_path_factory.mktemp("frames"), open_demo("demo:3")
    for index in range(40):
        frame = source.read()
        assert frame is not None
        cv2.imwrite(str(folder / f"{index:02}.png"), frame.pixels)
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    (folder / "notes.txt").write_text("mine")
    return folder


def test_a_model_is_calibrated_on_own_frames(
    run_cli: RunCli, tiny_run: Path, own_frames: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    words = ("--calibration-dir", own_frames, "--max-drop", "20", "--out", out, "--json")
    done = run_cli("quantize", tiny_run, *words)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    found = garment_frames(own_frames, lambda *_: None, show_note)
    assert told["calibration_frames"] == {
        "folder": str(own_frames),
        "garments": len(found.pictures),
        "empty": found.empty,
        "unreadable": 1,
    }
    assert len(found.pictures) + found.empty == 40 and found.empty > 0
    card = resolve(str(out)).card
    assert card is not None and card.calibration_origin == OWN_FRAMES
    assert card.calibration_count == len(found.pictures)
    assert "--calibration-dir FRAMES" in (out / "README.md").read_text()
    (source,) = (Classifier(resolve(str(out)))._input,)
    assert source["quantization"] == (1.0, -128)  # not read from the frames


def test_frames_that_cannot_calibrate(run_cli: RunCli, tiny_run: Path, tmp_path: Path) -> None:
    told = ("quantize", tiny_run, "--calibration-dir")
    assert_one_line(run_cli(*told, tmp_path / "no"), 5, "no: No such file")
    assert_one_line(run_cli(*told, tmp_path), 5, "no pictures in")
    for index in range(25):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((240, 320, 3), 90, np.uint8))
    assert_one_line(run_cli(*told, tmp_path), 5, "found in 0 of the 25 pictures", "needs 20")


def test_records_from_before_say_the_training_split(shipped_bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shipped_bundle, tmp_path / "copy"))
    told = json.loads((copy / "model.json").read_text())
    told.pop("calibration_origin", None)
    (copy / "model.json").write_text(json.dumps(told))
    card = resolve(str(copy)).card
    assert card is not None and card.calibration_origin == "training split, stratified"
