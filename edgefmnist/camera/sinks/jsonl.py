"""One JSON object a line."""

from __future__ import annotations

import datetime
from typing import Any

from edgefmnist import json_text
from edgefmnist.camera.events import CameraEvent, Status
from edgefmnist.camera.sinks.lines import LineSink, Writer
from edgefmnist.records import LABELS, Prediction, box_at


class JsonLines(LineSink):
    """Writes each change of label and of the camera's state as one line, at once; a `Sink`."""

    def __init__(self, writer: Writer, name: str, *, every_frame: bool) -> None:
        """Write to `writer`. name: of the sink. every_frame: also frames without a change."""
        super().__init__(writer, name)
        self._every_frame = every_frame

    def on_event(self, event: CameraEvent) -> None:
        """Write one frame. Raises: BrokenPipeError where the reader is gone, OSError."""
        wanted = event.changed or self._every_frame
        self.put(json_text.dumps(event_fields(event)) if wanted else None)

    def on_status(self, status: Status) -> None:
        """Write one change of state. Raises: as `on_event`."""
        self.put(json_text.dumps(status_fields(status)))


def prediction_fields(prediction: Prediction) -> dict[str, Any]:
    """The keys that `predict` and `camera` share: see `Prediction`."""
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

    `event` is ``label`` where the announced label changed, else ``frame``; `time` is now, in UTC.
    `label`, `score`, `unknown` and `top` are of this very frame; `announced` is the label that
    holds still over frames, null until some agree. `name` and `true_label` are there only where the
    source knows them; an empty scene has the true label ``none``. `background_fits` is there only
    where a learned background is in use.
    """
    fields: dict[str, Any] = {
        "event": "label" if event.changed else "frame",
        "time": utc_now(),
        "frame": event.frame,
    }
    if event.name:
        fields["name"] = event.name
    fields["announced"] = event.announced
    fields |= prediction_fields(event.prediction)
    fields["box"] = box_at(event.box, event.pixels.shape, event.full_size)
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


def status_fields(status: Status) -> dict[str, Any]:
    """One change of the camera's state as JSON-ready values; `event` is ``state``."""
    return {
        "event": "state",
        "time": utc_now(),
        "state": status.state.value,
        "fault": status.fault,
        "detail": status.detail,
        "restarts": status.restarts,
    }


def utc_now() -> str:
    """The time of day in ISO 8601, such as ``2026-01-31T12:00:00.123Z``."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
