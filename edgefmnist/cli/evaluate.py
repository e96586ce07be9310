"""`edgefmnist evaluate`: accuracy on the test pictures."""

from __future__ import annotations

from edgefmnist.cli.models import opened
from edgefmnist.cli.options import DataOption, JsonOption, ModelArgument


def evaluate(
    model: ModelArgument = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure accuracy on the 10,000 test images.

    Of a bundle, a bare .tflite or a .keras, all through the runtime of the device.
    """
    from edgefmnist.dataset import load
    from edgefmnist.evaluate import evaluate as run
    from edgefmnist.render import evaluation as view
    from edgefmnist.render.data import downloading
    from edgefmnist.render.progress import counting

    with opened(model) as file:
        with downloading() as on_progress:
            samples = load("test", data, on_progress)
        with counting("Evaluating") as on_pictures:
            result = run(file, samples, on_pictures)
        (view.show_json if as_json else view.show)(file, result)
