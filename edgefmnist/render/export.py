"""What an export needs of a microcontroller, and how it was checked."""

from __future__ import annotations

from rich.table import Table

from edgefmnist.export.records import ExportResult
from edgefmnist.render.console import finished, print_json, results


def show(result: ExportResult) -> None:
    """Print sizes, operators and the check."""
    golden, check = result.golden, result.check
    within = f"within {golden.tolerance_steps} steps" if golden.tolerance_steps else "exactly"
    table = Table(
        title=f"{result.model.name} as C sources", title_justify="left", show_header=False
    )
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_row("model, in flash", f"{result.flash_bytes['model']:,} bytes")
    table.add_row(
        "golden vectors, in flash",
        f"{result.flash_bytes['golden']:,} bytes, {golden.vectors} vectors, for a self-test",
    )
    table.add_row(
        "tensor arena, in RAM",
        f"{check.arena_bytes:,} bytes (64-bit computer, reference kernels)"
        if check
        else "not measured",
    )
    table.add_row("operators", ", ".join(result.structure.kinds))
    table.add_row(
        "expected outputs",
        f"{golden.made_with}, to be met {within}",
    )
    table.add_row(
        "against the bundle's",
        f"same class on {golden.same_label} of {golden.vectors}, "
        f"largest difference in steps: {golden.largest_step}",
    )
    results.print(table)
    if check:
        results.print(
            "Checked: TensorFlow Lite Micro ran the same bytes; largest difference from LiteRT's "
            f"reference kernels in steps: {check.largest_step}."
        )
    else:
        results.print(
            "Not checked in TensorFlow Lite Micro: pip install tflite-micro "
            "(x86-64 Linux, Python 3.10 to 3.12)"
        )
    finished((result.out,))


def show_json(result: ExportResult) -> None:
    """Print the export's record and its folder as JSON."""
    print_json({"out": str(result.out)} | result.record())
    finished((result.out,), as_json=True)
