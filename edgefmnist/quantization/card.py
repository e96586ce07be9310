"""The model card: a bundle's README, for people."""

from __future__ import annotations

import dataclasses
import shlex
import statistics

from edgefmnist.certainty import KEPT
from edgefmnist.quantization.records import Comparison
from edgefmnist.runtime import models
from edgefmnist.runtime.bundle import OWN_FRAMES, BundleCard, read_card

_TEXT = """\
# {name}

TensorFlow Lite classifier ({variant}) of 28x28 pictures of clothes, trained on {trained_on}.

| on the {test_count:,} test pictures | float32 | {variant} |
|---|---|---|
| accuracy | {float_accuracy:.2%} | {quantized_accuracy:.2%} |
{classes}

Drop {drop_pp:.2f} points, 95 % interval {low:.2f} to {high:.2f} (Bonett and Price 2012);
both models agree on {agreement:.2%} of the pictures. {size_kib:.0f} KiB, {parameters:,} parameters.

## Made by

{commands}

{training}with {versions}; golden vectors by {runtime}. Check a copy with
`edgefmnist verify FOLDER`.

## Input and output

- Input [1, 28, 28, 1], raw intensities 0..255: garment bright on a black background, longest side
  28, centred, as the data set was made. Rescaling is part of the model.
- Output [1, 10]: {labels}.
- Scores are softmax(logits / {temperature}); the temperature comes from {validation}.
{known}
- Made for the preprocessing `{preprocess}`.

## Data

Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747, MIT licence). SHA-256 of the uncompressed files:

{checksums}{photos}

## Limits

Ten classes of product photos, one garment at a time. Hats, skirts, shorts, hands and people are
not among them, and the unknown threshold catches only some. The accuracy above is for the data
set's own pictures; photos from a camera score lower.
"""


_PHOTOS = """

Photos of real clothes (clothing-dataset, CC0 1.0) and of other things (Caltech 101, CC BY 4.0), as
28x28 pictures: `photos/README.md` in the repository."""

_KNOWN = """\
- The probability that a picture shows one of the ten at all is sigmoid({known_weight} x best logit
  {known_bias:+}), fitted on the validation pictures changed as a camera would, against made-up
  outliers (shorts, skirts, hats, hands, rags). Under {unknown_threshold} the answer is `unknown`;
  {kept:.0%} of the changed garments pass."""

_NOT_KNOWN = """\
- It cannot tell what is none of the ten: it is as sure of outliers as of garments. It answers
  `unknown` only where no garment is found. Models of the recipe `edge` can tell."""

_COMMANDS = """\
    {train} --out RUN
    edgefmnist quantize RUN --variant {variant}"""

_COMMANDS_UNKNOWN = """\
    edgefmnist quantize {name}.keras --variant {variant}

from a Keras model of which it is not recorded how and on which pictures it was trained,"""


def text(record: BundleCard, comparison: Comparison) -> str:
    """The card of a bundle as Markdown."""
    before, after = comparison.float_eval.per_class, comparison.quantized_eval.per_class
    classes = "\n".join(
        f"| {label} | {before[label]:.1%} | {after[label]:.1%} |" for label in before
    )
    told = record.recipe is not None
    teachers = _called(record.teachers)
    commands = (_COMMANDS if told else _COMMANDS_UNKNOWN).format(
        **dataclasses.asdict(record)
        | {
            "name": record.name.removesuffix(f"-{record.variant}"),
            "train": train_command(record),
        }
    )
    if record.calibration_count:
        how = (
            f"--calibration-dir FRAMES  # {record.calibration_count} with a garment"
            if record.calibration_origin == OWN_FRAMES
            else f"--calibration-samples {record.calibration_count}"
        )
        commands = commands.replace(
            f"--variant {record.variant}", f"--variant {record.variant} {how}"
        )
    for layer in record.keep_float:
        commands = commands.rstrip() + f" --keep-float {layer}"
    return _TEXT.format(
        commands=commands,
        training=_training(record, teachers, comparison.float_eval.accuracy) if told else "",
        validation="validation pictures held out of the training set"
        if told
        else "5,000 pictures of the training set, which the model may have been trained on",
        name=record.name,
        trained_on="Fashion-MNIST and photos of real things" if record.photos else "Fashion-MNIST",
        variant=record.variant,
        test_count=record.test_count,
        float_accuracy=record.float_accuracy,
        quantized_accuracy=record.quantized_accuracy,
        classes=classes,
        drop_pp=record.drop_pp,
        low=record.drop_interval_pp[0],
        high=record.drop_interval_pp[1],
        agreement=record.agreement,
        size_kib=record.size_bytes / 1024,
        parameters=record.parameters,
        versions=", ".join(f"{name} {version}" for name, version in record.versions.items()),
        runtime=record.runtime,
        labels=", ".join(f"{i} {label}" for i, label in enumerate(record.labels)),
        temperature=record.temperature,
        known=_known(record),
        preprocess=record.preprocess,
        photos=_PHOTOS if record.photos else "",
        checksums="\n".join(f"- `{n}` `{sha}`" for n, sha in record.dataset_sha256.items()),
    )


def train_command(record: BundleCard) -> str:
    """The command that trained it, with words for the paths of teachers that did not ship."""
    words = ["edgefmnist", "train", "--recipe", str(record.recipe)]
    for field, value in record.settings.items():
        words += ["--set", f"{field}={value}"]
    if "epochs" not in record.settings:
        words += ["--epochs", str(record.epochs)]
    words += ["--seed", str(record.seed)]
    for option, models_of in (("--start", record.start), ("--teacher", record.teachers)):
        for name in _called(models_of):
            words += [option, name]
    for name in record.photos:
        words += ["--photos", f"photos/{name}"]
    return shlex.join(words)


def _training(record: BundleCard, teachers: dict[str, str], accuracy: float) -> str:
    """What the training cost, who taught, and what other seeds reached."""
    minutes = (record.training_seconds or 0) / 60
    lines = [f"{minutes:.0f} minutes for {record.epochs} epochs on {record.training_device}."]
    lines += [
        f"It began with the weights of `{name}`: model SHA-256 `{sha}`."
        for name, sha in _called(record.start).items()
    ]
    lines += [f"Photos `{name}`: SHA-256 `{sha}`." for name, sha in record.photos.items()]
    lines += [f"Teacher `{name}`: model SHA-256 `{sha}`." for name, sha in teachers.items()]
    if record.other_seeds:
        reached = {str(record.seed): accuracy} | record.other_seeds
        shown = ", ".join(f"{value:.2%} with seed {seed}" for seed, value in reached.items())
        spread = 100 * (max(reached.values()) - min(reached.values()))
        lines.append(
            f"In float32: {shown}; median {statistics.median(reached.values()):.2%}, "
            f"spread {spread:.2f} points."
        )
    else:
        lines.append("Trained with one seed: what others would reach is not known.")
    return "\n".join(lines) + "\n\nMade "


def _called(used: dict[str, str]) -> dict[str, str]:
    """SHA-256 by the name of a shipped bundle, or by a word that stands for a path, as RUN does."""
    shipped = models.shipped()
    return {
        name if name in shipped and read_card(shipped[name]).sha256 == sha else name.upper(): sha
        for name, sha in used.items()
    }


def _known(record: BundleCard) -> str:
    if not record.known_weight:
        return _NOT_KNOWN
    return _KNOWN.format(
        known_weight=record.known_weight,
        known_bias=record.known_bias,
        unknown_threshold=record.unknown_threshold,
        kept=KEPT,
    )
