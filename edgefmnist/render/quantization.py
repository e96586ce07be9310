"""What a quantization cost, as a table."""

from __future__ import annotations

import dataclasses

from rich.table import Table

from edgefmnist.quantization.records import QuantizeResult
from edgefmnist.records import GarmentFrames
from edgefmnist.render.console import print_json, results
from edgefmnist.runtime import bundle


def show(result: QuantizeResult) -> None:
    """Print accuracies, drop, agreement, sizes and the change of each class."""
    both, variant = result.comparison, result.card.variant
    table = Table(title=f"float32 against {variant}, same runtime", title_justify="left")
    table.add_column(f"{both.quantized_eval.total:,} test images")
    for head in ("float32", variant, "change"):
        table.add_column(head, justify="right")
    before, after = both.float_eval, both.quantized_eval
    table.add_row(
        "accuracy",
        f"{before.accuracy:.2%}",
        f"{after.accuracy:.2%}",
        _points(after.accuracy - before.accuracy),
        style="bold",
        end_section=True,
    )
    for label, share in before.per_class.items():
        now = after.per_class[label]
        table.add_row(f"  {label}", f"{share:.1%}", f"{now:.1%}", _points(now - share))
    table.add_section()
    sizes = result.float_size_bytes, result.quantized_size_bytes
    table.add_row(
        "size", *(f"{size / 1024:,.0f} KiB" for size in sizes), f"{sizes[1] / sizes[0]:.0%}"
    )
    results.print(table)
    low, high = both.drop_interval_pp
    results.print(
        f"Drop {both.drop_pp:.2f} points (95 % interval {low:.2f} to {high:.2f}); "
        f"same answer on {both.agreement:.2%} of the pictures."
    )
    card = result.card
    if card.calibration_count:
        results.print(calibrated_on(card.calibration_count, result.frames), soft_wrap=True)
    results.print(
        f"Scores: temperature {card.temperature}, unknown under {card.unknown_threshold}."
    )
    results.print(f"Bundle written to {result.out}", soft_wrap=True)


def calibrated_on(count: int, frames: GarmentFrames | None) -> str:
    """What the integer activations were calibrated on, as a sentence."""
    if frames is None:
        return f"Calibrated on {count} training pictures."
    return (
        f"Calibrated on the garments in {count} pictures of {frames.folder}; in {frames.empty} "
        f"more none was found, {frames.unreadable} could not be read."
    )


def frames_fields(frames: GarmentFrames | None) -> dict[str, object] | None:
    """Own frames as JSON, without their pixels."""
    if frames is None:
        return None
    return {
        "folder": str(frames.folder),
        "garments": len(frames.pictures),
        "empty": frames.empty,
        "unreadable": frames.unreadable,
    }


def show_json(result: QuantizeResult) -> None:
    """Print the comparison and the bundle's record as JSON."""
    both = result.comparison
    print_json(
        {
            "out": str(result.out),
            "model": str(result.out / bundle.MODEL),
            "float": {
                "accuracy": both.float_eval.accuracy,
                "per_class": both.float_eval.per_class,
                "size_bytes": result.float_size_bytes,
            },
            "quantized": {
                "accuracy": both.quantized_eval.accuracy,
                "per_class": both.quantized_eval.per_class,
                "size_bytes": result.quantized_size_bytes,
            },
            "drop_pp": both.drop_pp,
            "drop_interval_pp": both.drop_interval_pp,
            "agreement": both.agreement,
            "calibration_per_class": result.calibration_per_class,
            "calibration_frames": frames_fields(result.frames),
            "card": dataclasses.asdict(result.card),
        }
    )


def _points(change: float) -> str:
    return f"{100 * change:+.2f} pp"
