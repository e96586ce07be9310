"""The card of an adapted bundle: its README, for people."""

from __future__ import annotations

from edgefmnist.adaptation.records import AdaptResult, ClassScore
from edgefmnist.certainty import KEPT
from edgefmnist.runtime.bundle import BundleCard

_TEXT = """\
# {name}

TensorFlow Lite classifier ({variant}) of 28x28 pictures of clothes: `{base}`, {how}.
{size_kib:.0f} KiB.

| class | pictures | right before | right after | 95 % interval |
|---|---|---|---|---|
{classes}
| **mean** | {pictures} | {before:.0%} | {after:.0%} | gain {low:+.0f} to {high:+.0f} points |

After: by models that had not seen the picture nor its group. Answers are the camera's, `unknown`
among them.

{old}

## Made by

    edgefmnist adapt PHOTOS --model {base}{options}

from the model with SHA-256 `{base_sha}`{rest}; golden vectors by
{runtime}. Check a copy with `edgefmnist verify FOLDER`. No picture is in this bundle.

## Output

- Output [1, {count}]: {labels}.
- Scores are softmax(logits / {temperature}).
- The probability that a picture shows one of them at all is sigmoid({known_weight} x best logit
  {known_bias:+}). Under {unknown_threshold} the answer is `unknown`; it is set so that
  {kept:.0%} of the garments pass.
- Made for the preprocessing `{preprocess}`.

Input, data and limits are those of `{base}`.
"""

_LAST = (
    "whose last layer was\nfitted again on somebody's own pictures",
    ", whose other layers are in it byte for byte",
)
_ALL = ("trained further with\nsomebody's own pictures beside Fashion-MNIST", "")


def text(record: BundleCard, result: AdaptResult) -> str:
    """The card as Markdown."""
    low, high = result.score.gain_interval_pp
    options = " --only" if result.config.only else ""
    how, rest = _LAST
    if record.adapted_layers == "all":
        options += " --all-layers"
        how, rest = _ALL
    return _TEXT.format(
        name=record.name,
        variant=record.variant,
        base=record.adapted_from["name"],
        base_sha=record.adapted_from["sha256"],
        size_kib=record.size_bytes / 1024,
        classes="\n".join(map(_row, result.classes)),
        pictures=result.pictures,
        before=result.score.before,
        after=result.score.after,
        low=low,
        high=high,
        old=_old(result),
        options=options,
        how=how,
        rest=rest,
        runtime=record.runtime,
        count=len(record.labels),
        labels=", ".join(f"{at} {_cell(label)}" for at, label in enumerate(record.labels)),
        temperature=record.temperature,
        known_weight=record.known_weight,
        known_bias=record.known_bias,
        unknown_threshold=record.unknown_threshold,
        kept=KEPT,
        preprocess=record.preprocess,
    )


def _row(one: ClassScore) -> str:
    low, high = one.after_interval
    before = "new" if one.own else f"{one.before:.0%}"
    return (
        f"| {_cell(one.label)} | {one.pictures} | {before} | {one.after:.0%} "
        f"| {low:.0%} to {high:.0%} |"
    )


def _cell(label: str) -> str:
    """A label as Markdown that only shows it."""
    return "".join("\\" + c if c in "\\`*_{}[]<>()#|!~" else c for c in label)


def _old(result: AdaptResult) -> str:
    if not result.old.pictures:
        return "None of the classes that it knew before are left."
    told = (
        f"On {result.old.pictures:,} remembered pictures of Fashion-MNIST it names "
        f"{result.old.after:.1%}, before {result.old.before:.1%}."
    )
    if result.dropped:
        told += f" It no longer knows {', '.join(map(_cell, result.dropped))}."
    return told
