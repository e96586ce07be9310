"""`make demo`: the whole way from data set to classified frames, in a few minutes.

Runs the stages that `edgefmnist train`, `quantize`, `bench` and `camera` run, says which command
each stands for, and ends in one table. A training of three epochs shows the way; the shipped
model had its recipe's full length.
"""

from __future__ import annotations

import argparse
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgefmnist.bench.records import BenchResult
    from edgefmnist.camera.loop import CameraSummary
    from edgefmnist.quantization.records import QuantizeResult
    from edgefmnist.training.records import TrainResult

_RECIPE = "edge"
_MAX_DROP_PP = 2.0  # a model three epochs old is still rough


def demo(out: Path, epochs: int, frames: int) -> None:
    """Train, quantize, measure and watch; everything is written into `out`."""
    from edgefmnist.render.demo import step, summary

    run, bundle = out / "run", out / "int8"
    for folder in (run, bundle):  # an earlier demo's
        shutil.rmtree(folder, ignore_errors=True)
    step(1, f"edgefmnist train --recipe {_RECIPE} --epochs {epochs} --out {run}")
    trained = _train(run, epochs)
    step(2, f"edgefmnist quantize {run} --max-drop {_MAX_DROP_PP:g} --out {bundle}")
    quantized = _quantize(run, bundle)
    latency = out / "latency.png"
    step(3, f"edgefmnist bench {run}/model.keras {bundle} --threads 1,2 --plot {latency}")
    measured = _bench(run / "model.keras", bundle, latency)
    step(4, f"edgefmnist camera --source demo --model {bundle} --frames {frames}")
    seen = out / "camera.png"
    watched = _camera(bundle, frames, seen)
    pictures = (run / "curves.png", run / "confusion.png", latency, seen)
    summary(trained, quantized, measured, watched, pictures)


def _train(out: Path, epochs: int) -> TrainResult:
    from edgefmnist.dataset import load
    from edgefmnist.frameworks import require_keras

    with ThreadPoolExecutor() as pool:  # Keras takes seconds to load, in which data can be read
        samples = [pool.submit(load, split) for split in ("train", "test")]
        require_keras()
    from edgefmnist.render import training as view
    from edgefmnist.training import recipes
    from edgefmnist.training.records import TrainConfig
    from edgefmnist.training.trainer import train

    recipe = recipes.get(_RECIPE)
    config = TrainConfig(recipe=recipe, epochs=epochs, seed=0, out=out)
    with view.TrainView() as observer:
        result = train(config, samples[0].result(), samples[1].result(), observer)
    view.show(result)
    return result


def _quantize(run: Path, out: Path) -> QuantizeResult:
    from edgefmnist.dataset import load
    from edgefmnist.quantization.quantizer import quantize
    from edgefmnist.quantization.records import QuantizeConfig
    from edgefmnist.render import quantization as view
    from edgefmnist.render.progress import Stages

    config = QuantizeConfig(source=run, max_drop_pp=_MAX_DROP_PP, out=out)
    with Stages() as observer:
        result = quantize(config, load("train"), load("test"), observer)
    view.show(result)
    return result


def _bench(keras: Path, bundle: Path, plot: Path) -> BenchResult:
    from edgefmnist.bench.measure import measure
    from edgefmnist.bench.records import BenchConfig
    from edgefmnist.cli.models import opened
    from edgefmnist.render import bench as view
    from edgefmnist.render.progress import counting

    with opened(str(keras)) as plain, opened(str(bundle)) as small:
        config = BenchConfig(models=(plain, small), threads=(1, 2), window_s=0.4, warmup_s=0.2)
        with counting("Measuring") as on_window:
            result = measure(config, on_window)
    view.show(result)
    view.plot(result, plot)
    return result


def _camera(bundle: Path, frames: int, picture: Path) -> CameraSummary:
    from edgefmnist.camera.capture import open_capture
    from edgefmnist.camera.loop import CameraConfig, run_camera
    from edgefmnist.camera.recognizer import open_recognizer
    from edgefmnist.camera.signals import stop_requested
    from edgefmnist.camera.source import SourceConfig
    from edgefmnist.render import live
    from edgefmnist.render.demo import draw_scenes
    from edgefmnist.runtime.models import resolve

    config = CameraConfig(frames=frames)
    recognizer = open_recognizer(resolve(str(bundle)))
    with stop_requested() as should_stop:
        capture = open_capture(SourceConfig(uri="demo"), None, should_stop)
        with live.view(capture.name, recognizer.model.name, jsonl=False) as screen:
            result = run_camera(
                config, capture, recognizer, [screen], should_stop, live.show_trouble
            )
    live.show_summary(result, jsonl=False)
    draw_scenes(recognizer, picture)
    return result


def main() -> int:
    """Run the demo; failures are one line and their exit code, as for every command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/demo"))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--frames", type=int, default=150)
    options = parser.parse_args()
    from edgefmnist.cli import reporting_errors

    return reporting_errors(lambda: demo(options.out, options.epochs, options.frames))


if __name__ == "__main__":
    raise SystemExit(main())
