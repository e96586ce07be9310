"""A released model: a folder with the model, its record, its golden vectors and its card.

model.tflite   the model
model.json     what it is, what it scored, its SHA-256 (`BundleCard`)
golden.npz     inputs and the exact outputs they must give (`edgefmnist.runtime.golden`)
memory.npz     what `edgefmnist adapt` needs so that nothing is forgotten; not in every bundle
               (`edgefmnist.runtime.memory`)
README.md      the model card for people
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
import types
import typing
from pathlib import Path
from typing import Any

from edgefmnist import class_names, files, json_text
from edgefmnist.errors import BadModel, one_line
from edgefmnist.records import Certainty

SCHEMA = 2
TRAINING_SPLIT, OWN_FRAMES = "training split, stratified", "own frames"
"""What `BundleCard.calibration_origin` may be."""
MODEL, CARD, GOLDEN, README = "model.tflite", "model.json", "golden.npz", "README.md"
MOST_MODEL_BYTES = 128 << 20
"""Larger models are refused unread; `accurate` in float32 takes 2.4 MB."""
_MOST_CARD_BYTES = 256 << 10
_MOST_TEXT = 500
"""Characters of a text in a card."""
_MOST = 1e15
"""Of a number's size."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BundleCard:
    """Contents of `model.json`. Accuracies and agreement 0..1, `*_pp` in percentage points.

    recipe, seed, epochs, training_seconds, training_device: None where a `.keras` of unknown
        training was quantized.
    settings: fields in which the training differed from its recipe, and their values.
    teachers: of the training, SHA-256 of their models by name.
    start: SHA-256 by name of the model whose weights the training began with, if with any's.
    photos: SHA-256 by name of the files of real photos in the training.
    other_seeds: accuracy in float32 of further trainings of the recipe, by seed.
    labels: names of the classes, one for each of the model's outputs, as
        `class_names.check_labels` wants them.
    variant: int8, int16x8, float16, dynamic or float32.
    float_accuracy: of the same weights in float32; quantized_accuracy: of this model.
    drop_interval_pp: 95 % interval of `drop_pp`.
    calibration_count, calibration_origin: pictures that the ranges of activations were read from,
        none where the activations are floats; and where they came from.
    temperature: logits are divided by it before the softmax.
    known_weight, known_bias: the logistic curve from the best logit to the probability that the
        picture shows one of the classes (`Classifier.known`).
    unknown_threshold: a smaller such probability is answered `unknown`.
    preprocess: id of the preprocessing that the threshold was set for.
    runtime: the one that the golden outputs were made with. delegate: what computed them there,
        "XNNPACK" or "none" for built-in kernels; None in records that do not tell.
    keep_float: Keras layers left in float32 in an int8 model.
    gate: what was asked for before the release and what was found, by the name of the demand.
    adapted_from: name and SHA-256 of the model that was adapted to somebody's own pictures
        (`edgefmnist adapt`); empty where none was. Accuracies, drop, agreement,
        calibration and gate above are that model's then.
    adapted_layers: "all" where its whole network was trained further, "last" where only the last
        layer was fitted again; empty where it was not adapted.
    adapted_pictures: of what and how many, by label. adapted_scores: shares answered right before
        and after, 0..1, and the other figures of `edgefmnist.adaptation.bundle`.
    """

    name: str
    variant: str
    sha256: str
    size_bytes: int
    labels: tuple[str, ...]
    recipe: str | None
    seed: int | None
    epochs: int | None
    parameters: int
    dataset_sha256: dict[str, str]
    float_accuracy: float
    quantized_accuracy: float
    test_count: int
    drop_pp: float
    drop_interval_pp: tuple[float, float]
    agreement: float
    calibration_count: int
    temperature: float
    known_weight: float
    known_bias: float
    unknown_threshold: float
    preprocess: str
    runtime: str
    versions: dict[str, str]
    training_seconds: float | None = None
    training_device: str | None = None
    settings: dict[str, str] = dataclasses.field(default_factory=dict)
    teachers: dict[str, str] = dataclasses.field(default_factory=dict)
    start: dict[str, str] = dataclasses.field(default_factory=dict)
    photos: dict[str, str] = dataclasses.field(default_factory=dict)
    other_seeds: dict[str, float] = dataclasses.field(default_factory=dict)
    calibration_origin: str = TRAINING_SPLIT
    delegate: str | None = None
    keep_float: tuple[str, ...] = ()
    gate: dict[str, str] = dataclasses.field(default_factory=dict)
    adapted_from: dict[str, str] = dataclasses.field(default_factory=dict)
    adapted_layers: str = ""
    adapted_pictures: dict[str, int] = dataclasses.field(default_factory=dict)
    adapted_scores: dict[str, float] = dataclasses.field(default_factory=dict)
    schema: int = SCHEMA

    def to_text(self) -> str:
        """The card as the text of `model.json`."""
        return json_text.dumps(dataclasses.asdict(self), indent=1) + "\n"

    @property
    def certainty(self) -> Certainty:
        """What the model says of its own certainty."""
        return Certainty(
            temperature=self.temperature,
            known_weight=self.known_weight,
            known_bias=self.known_bias,
            unknown_threshold=self.unknown_threshold,
        )


def _check(card: BundleCard) -> None:
    """Check what the program goes by and shows. Raises: TypeError, ValueError."""
    for key, kind in _kinds().items():
        if not _is_of(getattr(card, key), kind):
            raise TypeError(f"{key} is not what it should be")
    class_names.check_labels(card.labels)
    # Numbers beyond these are no fit's, and single precision would make infinities of them.
    if not 1e-3 <= card.temperature <= 1e3:
        raise ValueError("temperature is not between 0.001 and 1000")
    if not (abs(card.known_weight) <= 1e4 and abs(card.known_bias) <= 1e4):
        raise ValueError("known_weight or known_bias is not between -10000 and 10000")
    if not 0 <= card.unknown_threshold <= 1:
        raise ValueError("unknown_threshold is not between 0 and 1")


@functools.cache
def _kinds() -> dict[str, Any]:
    return typing.get_type_hints(BundleCard)


def _is_of(value: Any, kind: Any) -> bool:
    """Whether `value`, as JSON gives it, is of the type that a field of `BundleCard` has."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return any(_is_of(value, one) for one in inner)
    if origin is dict:
        words = isinstance(value, dict) and all(_is_of(key, str) for key in value)
        return words and all(_is_of(one, inner[1]) for one in value.values())
    if origin is tuple:
        kinds = inner[:1] * len(value) if inner[-1] is ... else inner
        fits = len(value) == len(kinds)
        return fits and all(_is_of(one, each) for one, each in zip(value, kinds, strict=True))
    if kind is str:  # shown on a terminal
        return isinstance(value, str) and len(value) <= _MOST_TEXT and value == one_line(value)
    if kind in (int, float):
        number = isinstance(value, int if kind is int else (int, float))
        return (
            number and not isinstance(value, bool) and abs(value) < _MOST and math.isfinite(value)
        )
    return kind is types.NoneType and value is None


def _list(value: object) -> list[Any]:
    """`value`, once it is clear that it is a list: a text would pass for one of letters."""
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is no list")
    return value


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file. Raises: OSError."""
    return hashlib.sha256(files.read_bytes(path, MOST_MODEL_BYTES)).hexdigest()


def is_bundle(folder: Path) -> bool:
    """Whether `folder` has a bundle's record, sound or not."""
    return (folder / CARD).is_file()


def read_card(folder: Path) -> BundleCard:
    """Read a bundle's record and check its model against it. Raises: BadModel, see `read`."""
    return read(folder)[0]


def read(folder: Path) -> tuple[BundleCard, bytes]:
    """Read a bundle's record and its model, checked against one another.

    Raises: BadModel when a file is missing or not regular, the record is damaged or of another
    schema, or the model's checksum does not match.
    """
    for name in (CARD, MODEL):
        if not (folder / name).exists():
            raise BadModel(f"{folder} is not a model bundle: it has no {name}")
    text = _read(folder / CARD, _MOST_CARD_BYTES)
    try:
        card = parse_card(text)
    except _OtherSchema as error:
        raise BadModel(
            f"{folder / CARD} has schema {error}, this program reads {SCHEMA}: "
            "quantize the model again"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{error!s:.200}"
        raise BadModel(f"{folder / CARD} is damaged ({reason}): copy the bundle again") from error
    content = read_model(folder / MODEL)
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise BadModel(
            f"{folder / MODEL} has SHA-256 {found[:12]}..., its record says {card.sha256[:12]}...: "
            "it was changed or damaged; copy the bundle again"
        )
    return card, content


class _OtherSchema(Exception):
    """Its text is the schema found."""


def parse_card(text: str | bytes) -> BundleCard:
    """The card in the text of a `model.json`.

    Raises: `json` and Python raise many kinds at a damaged one; _OtherSchema.
    """
    fields: dict[str, Any] = json_text.loads(text)
    if fields["schema"] != SCHEMA:
        raise _OtherSchema(f"{fields['schema']!r:.40}")
    for key in ("labels", "drop_interval_pp"):
        fields[key] = (*_list(fields[key]),)
    fields["keep_float"] = (*_list(fields.get("keep_float", [])),)
    card = BundleCard(**fields)
    _check(card)
    return card


def read_model(path: Path) -> bytes:
    """The bytes of a `.tflite`. Raises: BadModel."""
    return _read(path, MOST_MODEL_BYTES)


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        return files.read_bytes(path, most_bytes)
    except OSError as error:
        raise BadModel(f"{path} cannot be read: {error.strerror}") from error
