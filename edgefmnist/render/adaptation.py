"""What an adaptation brought and cost: tables, and the same as JSON."""

from __future__ import annotations

import dataclasses

from rich.table import Table

from edgefmnist.adaptation.curve import MORE
from edgefmnist.adaptation.records import AdaptResult, ClassScore
from edgefmnist.records import UNKNOWN
from edgefmnist.render.console import finished, print_json, results
from edgefmnist.render.quantization import try_it

_SHOWN_CONTRADICTIONS = 5


def show(result: AdaptResult) -> None:
    """Print what the pictures are answered before and after, and whether more would help."""
    results.print(_table(result))
    score, old = result.score, result.old
    low, high = score.gain_interval_pp
    results.print(
        f"Gain {score.gain_pp:+.1f} points (95 % interval {low:.1f} to {high:.1f}); after: by "
        f"models that had not seen the picture or its group{_origin(result)}.",
        soft_wrap=True,
    )
    if old.pictures:
        results.print(
            f"Old classes: {old.before:.1%} before, {old.after:.1%} after, on {old.pictures:,} "
            f"remembered pictures of Fashion-MNIST; made-up outliers refused: "
            f"{old.outliers_refused[0]:.0%} before, {old.outliers_refused[1]:.0%} after.",
            soft_wrap=True,
        )
    if result.dropped:
        results.print(f"No longer known: {', '.join(result.dropped)}.", soft_wrap=True)
    _show_curve(result)
    _show_contradictions(result)
    results.print(_counts(result), soft_wrap=True)
    _finished(result, as_json=False)


def _origin(result: AdaptResult) -> str:
    """What `before` means where the model given was itself adapted."""
    model = result.config.model
    came_from = model.card.adapted_from if model.card is not None else None
    if not came_from:
        return ""
    return f"; before: by {came_from['name']}, which {model.name} was adapted from"


def _table(result: AdaptResult) -> Table:
    table = Table(title=f"{result.pictures:,} pictures of your own", title_justify="left")
    table.add_column("class")
    for head in ("pictures", "before", "after", "95 % interval", UNKNOWN):
        table.add_column(head, justify="right")
    table.add_column("most often taken for")
    for one in result.classes:
        table.add_row(*_row(one))
    table.add_section()
    score = result.score
    table.add_row(
        "mean", str(result.pictures), f"{score.before:.0%}", f"{score.after:.0%}", style="bold"
    )
    return table


def _row(one: ClassScore) -> tuple[str, ...]:
    low, high = one.after_interval
    return (
        one.label,
        str(one.pictures),
        "new" if one.own else f"{one.before:.0%}",
        f"{one.after:.0%}",
        f"{low:.0%} to {high:.0%}",
        "" if one.label == UNKNOWN else f"{one.refused:.0%}",
        "" if one.taken_for is None else f"{one.taken_for[0]} ({one.taken_for[1]})",
    )


def _show_curve(result: AdaptResult) -> None:
    if not result.curve:
        return
    points = ", ".join(f"{one.score:.0%} with {one.pictures:,}" for one in result.curve)
    results.print(f"Learning curve: {points}.{_next(result.next_twenty_pp)}", soft_wrap=True)


def _next(gain_pp: float | None) -> str:
    if gain_pp is None:
        return ""
    if gain_pp < 0.5:
        return f" The next {MORE} pictures would probably add less than half a point."
    points = "a point" if gain_pp < 1.5 else f"{gain_pp:.0f} points"
    return f" The next {MORE} pictures would probably add about {points}."


def _show_contradictions(result: AdaptResult) -> None:
    if not result.contradictions:
        return
    table = Table(title="Labels to look at again", title_justify="left")
    table.add_column("picture", overflow="fold")
    table.add_column("its label")
    table.add_column("answer")
    for one in result.contradictions[:_SHOWN_CONTRADICTIONS]:
        table.add_row(str(one.path), one.label, f"{one.answer} ({one.answer_probability:.0%})")
    results.print(table)


def _counts(result: AdaptResult) -> str:
    parts = [f"{result.groups:,} groups of pictures"]
    if result.repeated:
        alike = "picture looks" if result.repeated == 1 else "pictures look"
        parts.append(f"{result.repeated:,} {alike} like others")
    if result.empty:
        parts.append(f"no garment found in {result.empty:,} more")
    if result.unreadable:
        parts.append(f"{result.unreadable:,} could not be read")
    took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.seconds.items())
    return f"{'; '.join(parts)}. Took: {took}."


def show_json(result: AdaptResult) -> None:
    """Print the result as JSON."""
    base = result.config.model
    print_json(
        {
            "out": None if result.card is None else str(result.config.out),
            "refused": result.refused,
            "layers": "all" if result.config.all_layers else "last",
            "model": {"name": base.name, "sha256": base.sha256},
            "pictures": result.pictures,
            "groups": result.groups,
            "empty": result.empty,
            "unreadable": result.unreadable,
            "repeated": result.repeated,
            "labels": result.labels,
            "dropped": result.dropped,
            "score": dataclasses.asdict(result.score),
            "classes": [dataclasses.asdict(one) for one in result.classes],
            "old_classes": dataclasses.asdict(result.old) | {"lost_pp": result.old.lost_pp},
            "share": result.share,
            "agreement": result.agreement,
            "learning_curve": [dataclasses.asdict(point) for point in result.curve],
            "next_twenty_pp": result.next_twenty_pp,
            "contradictions": [
                dataclasses.asdict(one) | {"path": str(one.path)} for one in result.contradictions
            ],
            "seconds": result.seconds,
            "card": None if result.card is None else dataclasses.asdict(result.card),
        }
    )
    _finished(result, as_json=True)


def _finished(result: AdaptResult, *, as_json: bool) -> None:
    if result.card is not None:
        finished((result.config.out,), next_words=try_it(result.config.out), as_json=as_json)
