"""`edgefmnist doctor`: what this machine can and cannot do."""

from __future__ import annotations

from edgefmnist.cli.options import JsonOption


def doctor(as_json: JsonOption = False) -> None:
    """Tell what this machine can and cannot do, and how to fix each lack.

    Exit code 0 without a problem; else that of the first: 4 something must be installed, 5 a model
    is damaged, 6 a camera cannot be opened, 3 heat, power, memory, disk, service or a model's
    answer is not as it must be. Warnings, and what the system does not say, are 0.
    """
    from edgefmnist.doctor import examine, worst
    from edgefmnist.render import doctor as view

    findings = examine()
    try:
        (view.show_json if as_json else view.show)(findings)
    finally:  # the answer stands even where the reader of stdout is gone
        error = worst(findings)
        if error is not None:
            raise error
