"""`edgefmnist verify`: replay a bundle's golden vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from edgefmnist.cli.options import JsonOption

if TYPE_CHECKING:
    from edgefmnist.runtime.golden import Replay

_HELP = "Bundle folder or shipped bundle's name; by default the shipped one."


def verify(
    bundle: Annotated[str | None, typer.Argument(metavar="[MODEL]", help=_HELP)] = None,
    model: Annotated[
        str | None, typer.Option("--model", envvar="EDGEFMNIST_MODEL", help=_HELP)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a bundle's golden vectors on this device.

    Bit for bit where runtime and delegate are those of the release, else within a stated bound.
    Exit code 3 when an answer differs by more.
    """
    from edgefmnist.errors import GateRefused, UsageError
    from edgefmnist.render import evaluation as view
    from edgefmnist.runtime import golden
    from edgefmnist.runtime.classifier import Classifier
    from edgefmnist.runtime.models import resolve

    if bundle is not None and model is not None:
        raise UsageError("name the bundle once: as MODEL or with --model")
    replay = golden.replay(Classifier(resolve(model if bundle is None else bundle)))
    try:
        (view.show_replay_json if as_json else view.show_replay)(replay)
    finally:  # the answer stands even where the reader of stdout is gone
        if not replay.passed:
            raise GateRefused(_reason(replay))


def _reason(replay: Replay) -> str:
    asked = f" by more than {replay.bound:.3g} {replay.unit}" if replay.bound else ""
    return (
        f"{len(replay.mismatches)} of {replay.total} golden vectors of {replay.model} differ"
        f"{asked}, by up to {replay.largest_step:.3g} {replay.unit}: the bundle, or this "
        f"machine's {replay.runtime}, is not what was released; copy the one or reinstall the other"
    )
