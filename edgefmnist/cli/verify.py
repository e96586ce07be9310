"""`edgefmnist verify`: replay a bundle's golden vectors."""

from __future__ import annotations

from edgefmnist.cli.options import JsonOption, ModelArgument, ModelOption


def verify(
    bundle: ModelArgument = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a bundle's golden vectors on this device.

    Exit code 3 when an answer differs.
    """
    from edgefmnist.errors import GateRefused, UsageError
    from edgefmnist.render import evaluation as view
    from edgefmnist.runtime import golden
    from edgefmnist.runtime.classifier import Classifier
    from edgefmnist.runtime.models import resolve

    if bundle is not None and model is not None:
        raise UsageError("name the bundle once: as MODEL or with --model")
    replay = golden.replay(Classifier(resolve(model if bundle is None else bundle)))
    (view.show_replay_json if as_json else view.show_replay)(replay)
    if not replay.passed:
        raise GateRefused(
            f"{replay.total - replay.exact} of {replay.total} golden vectors of {replay.model} "
            f"differ, by up to {replay.largest_step:g} steps ({replay.runtime}; released with "
            f"{replay.made_with})"
        )
