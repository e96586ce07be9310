"""The frame around the demo's steps, and its summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from edgefmnist.render.console import results

if TYPE_CHECKING:  # OpenCV and the stages are loaded when their step comes
    from edgefmnist.bench.records import BenchResult
    from edgefmnist.camera.loop import CameraSummary
    from edgefmnist.camera.recognizer import Recognizer
    from edgefmnist.quantization.records import QuantizeResult
    from edgefmnist.records import Frame
    from edgefmnist.training.records import TrainResult

_SCENES, _EMPTY_SCENES = 12, 2


def step(number: int, command: str) -> None:
    """Announce a step by the command that does the same."""
    results.rule(f"Step {number} of 4", align="left")
    results.print(f"$ {command}", style="bold", soft_wrap=True)


def draw_scenes(recognizer: Recognizer, path: Path) -> None:
    """Draw the demo's first scenes, one frame of each, with what was made of them.

    Raises: CannotWrite.
    """
    from edgefmnist.camera.source import SourceConfig
    from edgefmnist.camera.sources.opening import open_source
    from edgefmnist.render import sheet

    source = open_source(SourceConfig(uri="demo"))
    chosen: list[Frame] = []
    last, empty = None, 0
    while len(chosen) < _SCENES and (frame := source.read()) is not None:
        if frame.true_label != last and (frame.true_label != -1 or empty < _EMPTY_SCENES):
            chosen.append(frame)
            empty += frame.true_label == -1
        last = frame.true_label
    source.close()
    sheet.draw([(frame, recognizer.recognize(frame.pixels)) for frame in chosen], path)


def summary(
    trained: TrainResult,
    quantized: QuantizeResult,
    measured: BenchResult,
    watched: CameraSummary,
    pictures: Sequence[Path],
) -> None:
    """Print one row for each step, then where the pictures are."""
    both = quantized.comparison
    plain, small = measured.rows[0], measured.rows[1]
    table = Table(title="Summary", title_justify="left", show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row(
        "train",
        f"{trained.evaluation.accuracy:.2%} on the test images after {len(trained.history)} "
        f"epochs in {trained.seconds / 60:.1f} minutes on {trained.plan.device}",
    )
    table.add_row(
        "quantize",
        f"int8 {both.quantized_eval.accuracy:.2%}, drop {both.drop_pp:.2f} points (95 % interval "
        f"{both.drop_interval_pp[0]:.2f} to {both.drop_interval_pp[1]:.2f}), "
        f"{quantized.float_size_bytes / 1024:,.0f} KiB to "
        f"{quantized.quantized_size_bytes / 1024:,.0f} KiB",
    )
    table.add_row(
        "bench",
        f"one picture takes {small.p50_us:,.0f} µs in int8 against {plain.p50_us:,.0f} µs in "
        f"float32 (medians, one thread)",
    )
    table.add_row(
        "camera",
        f"{watched.garments_correct} of {watched.garments} frames with a garment right, "
        f"{watched.empty_refused} of {watched.empty} empty ones refused, {watched.fps:.0f} fps",
    )
    results.print(table)
    results.print("Pictures to look at:")
    for path in pictures:
        results.print(f"  {path}", soft_wrap=True)
