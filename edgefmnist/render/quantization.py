"""What a quantization cost, as a table."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from rich.table import Table

from edgefmnist.quantization.records import QuantizeResult, Throughout
from edgefmnist.records import GarmentFrames
from edgefmnist.render.console import finished, print_json, results
from edgefmnist.runtime import bundle
from edgefmnist.runtime.models import shipped


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
    _show_gate(result)
    if result.throughout is not None:
        _show_kept(result, result.throughout)
    if card.calibration_count:
        results.print(calibrated_on(card.calibration_count, result.frames), soft_wrap=True)
    results.print(
        f"Scores: temperature {card.temperature}, unknown under {card.unknown_threshold}."
    )
    _finished(result, as_json=False)


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


def _show_gate(result: QuantizeResult) -> None:
    table = Table(title="Gate", title_justify="left")
    table.add_column("demand")
    table.add_column("found", justify="right")
    table.add_column("limit", overflow="fold")
    for check in result.checks:
        found, _, limit = str(check).partition(f" {check.relation} ")
        table.add_row(check.name, found, f"{check.relation} {limit}")
    results.print(table)
    high = result.comparison.drop_interval_pp[1]
    limit_pp = next(float(check.limit) for check in result.checks if check.name == "drop")
    if high > limit_pp:
        results.print(
            f"The drop's interval reaches {high:.2f}, over the limit: on other pictures it may "
            "lose more than allowed."
        )


def _show_kept(result: QuantizeResult, throughout: Throughout) -> None:
    """What it bought to leave layers in float."""
    kept, before, now = ", ".join(result.card.keep_float), throughout.comparison, result.comparison
    table = Table(title=f"With {kept} in float32", title_justify="left")
    table.add_column("")
    table.add_column("int8 throughout", justify="right")
    table.add_column("now", justify="right")
    for name, *cells in (
        ("accuracy", f"{before.quantized_eval.accuracy:.2%}", f"{now.quantized_eval.accuracy:.2%}"),
        ("drop", f"{before.drop_pp:.2f} pp", f"{now.drop_pp:.2f} pp"),
        ("agreement", f"{before.agreement:.2%}", f"{now.agreement:.2%}"),
        (
            "size",
            *(f"{n / 1024:,.1f} KiB" for n in (throughout.size_bytes, result.quantized_size_bytes)),
        ),
    ):
        table.add_row(name, *cells)
    results.print(table)


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
            "expected_calibration_error": {
                "float": both.float_ece,
                "quantized": both.quantized_ece,
            },
            "gate": [
                dataclasses.asdict(check) | {"passed": check.passed} for check in result.checks
            ],
            "throughout_int8": result.throughout
            and {
                "accuracy": result.throughout.comparison.quantized_eval.accuracy,
                "drop_pp": result.throughout.comparison.drop_pp,
                "drop_interval_pp": result.throughout.comparison.drop_interval_pp,
                "agreement": result.throughout.comparison.agreement,
                "size_bytes": result.throughout.size_bytes,
            },
            "calibration_per_class": result.calibration_per_class,
            "calibration_frames": frames_fields(result.frames),
            "card": dataclasses.asdict(result.card),
        }
    )
    _finished(result, as_json=True)


def _finished(result: QuantizeResult, *, as_json: bool) -> None:
    finished((result.out,), next_words=try_it(result.out), as_json=as_json)


def try_it(bundle_folder: Path) -> tuple[str | Path, ...]:
    """The words of the command that runs a fresh bundle."""
    name = str(bundle_folder)
    if name in shipped():  # which that word alone would mean
        name = f"./{name}"
    return "edgefmnist", "camera", "--model", name


def _points(change: float) -> str:
    return f"{100 * change:+.2f} pp"
