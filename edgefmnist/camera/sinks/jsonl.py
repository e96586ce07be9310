"""One JSON object a line."""

from __future__ import annotations

import json
import os
from typing import Any, TextIO

from edgefmnist.camera.loop import CameraEvent
from edgefmnist.records import LABELS, Prediction


class JsonLines:
    """Writes each event as one line, at once."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`, which stays open."""
        self._stream = stream

    def __call__(self, event: CameraEvent) -> None:
        """Write one event. Raises: BrokenPipeError where the reader is gone."""
        write_line(self._stream, json.dumps(event_fields(event)))


def write_line(stream: TextIO, line: str) -> None:
    """Write one line and flush it, so that a reader on a pipe is never behind.

    Raises: BrokenPipeError where the reader is gone (``... | head``). `stream` then leads nowhere,
    so that neither later output nor leaving Python stumbles over it.
    """
    try:
        stream.write(line + "\n")
        stream.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        raise


def prediction_fields(prediction: Prediction) -> dict[str, Any]:
    """The keys that `predict` and `camera` share; `top` has every class, best first."""
    return {
        "label": prediction.label,
        "label_index": prediction.label_index,
        "score": round(prediction.score, 6),
        "known": round(prediction.known, 6),
        "unknown": prediction.unknown,
        "top": [{"label": label, "score": round(score, 6)} for label, score in prediction.top],
    }


def microseconds(latency_ns: int) -> float:
    """Nanoseconds as microseconds with one decimal."""
    return round(latency_ns / 1000, 1)


def event_fields(event: CameraEvent) -> dict[str, Any]:
    """One event as JSON-ready values.

    `label`, `score`, `unknown` and `top` are of this very frame; `announced` is the label that
    holds still over frames. `name` and `true_label` are there only where the source knows them;
    an empty scene has the true label ``none``. `background_fits` is there only where a learned
    background is in use.
    """
    fields: dict[str, Any] = {"frame": event.frame}
    if event.name:
        fields["name"] = event.name
    fields["announced"] = event.announced
    fields |= prediction_fields(event.prediction)
    fields["box"] = event.box
    fields["capture_us"] = microseconds(event.capture_ns)
    fields["preprocess_us"] = microseconds(event.preprocess_ns)
    fields["infer_us"] = microseconds(event.infer_ns)
    fields["fps"] = round(event.fps, 2)
    fields["dropped"] = event.dropped
    if event.true_label is not None:
        fields["true_label"] = "none" if event.true_label < 0 else LABELS[event.true_label]
    if event.background_fits is not None:
        fields["background_fits"] = event.background_fits
    return fields
