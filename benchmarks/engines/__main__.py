"""The command; see the package."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

import benchmarks.engines
from benchmarks.engines import measure, page
from edgefmnist import files
from edgefmnist.cli import reporting_errors
from edgefmnist.dataset import load, split_validation, stratified_sample
from edgefmnist.dataset.split import SPLIT_SEED
from edgefmnist.errors import BadInput, UsageError
from edgefmnist.frameworks import require_tensorflow
from edgefmnist.render.progress import Stages

_HERE = Path(__file__).resolve().parent
RECORDED = _HERE / "recorded.json"
_QUICK = _HERE.parent / "models" / "quick"
_CALIBRATION = 500
"""Representative pictures, as `edgefmnist quantize` takes by default."""


def run(options: argparse.Namespace) -> None:
    """Measure, record, and write the page; or the page alone."""
    if not options.page:
        _record(options.run, measure.Windows(count=options.windows, window_s=options.seconds))
    told = json.loads(RECORDED.read_text(encoding="utf-8"))
    page.write(told, _HERE.parent)


def _record(folder: Path, windows: measure.Windows) -> None:
    measure.pythons()  # rather now than after the conversion
    if windows.count < 1 or not 0 < windows.window_s < float("inf"):
        raise UsageError("--windows and --seconds: give one window and a part of a second at least")
    keras, result = folder / "model.keras", folder / "result.json"
    for needed in (keras, result):
        if not needed.is_file():
            raise BadInput(f"no trained model: {needed} is missing; name a run folder")
    with Stages() as stages:
        stages.stage("Converting")
        models = _convert(keras)
        stages.stage("Measuring")
        told = measure.measure(models, load("test"), windows, stages.progress)
    network = json.loads(result.read_text(encoding="utf-8"))
    about = {"recipe": network["recipe"]["name"], "parameters": network["parameters"]}
    files.write_text(RECORDED, json.dumps(about | told, indent=1) + "\n")


def _convert(keras: Path) -> Path:
    """Folder with the network in all forms."""
    from edgefmnist.quantization.convert import convert, load_keras

    require_tensorflow()
    models = measure.BUILD / "models"
    shutil.rmtree(models, ignore_errors=True)
    files.make_folder(models)
    train = load("train")
    kept, _ = split_validation(train.labels, 5_000, SPLIT_SEED)
    chosen = kept[stratified_sample(train.labels[kept], _CALIBRATION, 0)]
    network = load_keras(keras)
    (models / "float32.tflite").write_bytes(convert(network, "float32"))
    (models / "int8.tflite").write_bytes(convert(network, "int8", train.images[chosen]))
    measure.write_forms(models)
    return models


def main() -> int:
    """Parse the command line; failures are one line and their exit code, as for every command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engines",
        description=benchmarks.engines.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, nargs="?", default=_QUICK, metavar="RUN")
    parser.add_argument("--windows", type=int, default=5, help="timed windows of each (5)")
    parser.add_argument("--seconds", type=float, default=0.6, help="length of a window (0.6)")
    parser.add_argument("--page", action="store_true", help="write the page anew, measure nothing")
    options = parser.parse_args()
    return reporting_errors(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
