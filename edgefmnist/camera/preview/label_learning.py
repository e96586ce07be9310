"""What the page is told of learning: how far it is, and what it brought and cost."""

from __future__ import annotations

import dataclasses
from typing import Any

from edgefmnist.camera.labelling.learning import LearningStatus

_SHOWN = (
    *("pictures", "groups", "empty", "unreadable", "score", "classes", "old_classes", "dropped"),
    *("learning_curve", "next_twenty_pp", "seconds"),
)
_MOST_CONTRADICTIONS = 5


def learning_fields(status: LearningStatus) -> dict[str, Any]:
    """`status` as JSON-ready values; of the result what the page shows."""
    told = dataclasses.asdict(dataclasses.replace(status, result=None))
    result = status.result
    if result is not None:
        told["result"] = {name: result.get(name) for name in _SHOWN}
        contradictions = result.get("contradictions")
        some = contradictions if isinstance(contradictions, list) else []
        told["result"]["contradictions"] = some[:_MOST_CONTRADICTIONS]
    return told
