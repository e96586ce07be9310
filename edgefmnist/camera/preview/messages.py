"""What the page is told, as server-sent events (HTML standard, section 9.2)."""

from __future__ import annotations

import base64
import time
from typing import Any

from edgefmnist import __version__, json_text
from edgefmnist.camera.events import CameraEvent
from edgefmnist.camera.preview.board import Board, Health
from edgefmnist.camera.preview.machine import Machine
from edgefmnist.records import LABELS, ModelInUse

_RETRY_MS = 2000


def opening(board: Board, model: ModelInUse) -> bytes:
    """What each page is told first, and again where another model is taken."""
    about = {
        "source": board.source,
        "model": model.name,
        "version": __version__,
        "labels": model.labels,
        "labelling": board.labelling,
    }
    return f"retry: {_RETRY_MS}\n".encode() + _message("about", about)


def state(board: Board, event: CameraEvent | None, health: Health, machine: Machine) -> bytes:
    """How the camera and this machine are, and what came of the newest frame.

    event: of that frame. Times end in their unit. `frame` is None before the first one; in it
    `scores` are in the order of `labels`, empty where no garment was found, and `picture` is 784
    bytes in base64; `announced` is None until some frames agree.
    """
    told = {
        "state": health.state.value,
        "live": health.live,
        "detail": health.detail,
        "for_s": round(health.for_s, 1),
        "frame_age_s": None if health.frame_age_s is None else round(health.frame_age_s, 1),
        "restarts": board.restarts,
        "classified": board.classified,
        "dropped": board.dropped,
        "uptime_s": round((time.monotonic_ns() - board.started_ns) / 1e9, 1),
        "temperature_c": machine.temperature_c,
        "throttled": machine.throttled,
        "frame": None if event is None else _frame(event),
    }
    return _message("state", told)


def _frame(event: CameraEvent) -> dict[str, Any]:
    prediction, scores = event.prediction, dict(event.prediction.top)
    picture = None if event.picture is None else event.picture.tobytes()
    return {
        "number": event.frame,
        "name": event.name,
        "announced": event.announced,
        "truth": _truth(event.true_label),
        "unknown": prediction.unknown,
        "known": round(prediction.known, 4),
        "scores": [round(scores.get(label, 0.0), 4) for label in event.model.labels]
        if scores
        else [],
        "picture": None if picture is None else base64.b64encode(picture).decode(),
        "capture_ms": event.capture_ns / 1e6,
        "preprocess_ms": event.preprocess_ns / 1e6,
        "infer_ms": event.infer_ns / 1e6,
        "fps": round(event.fps, 2),
        "background_fits": event.background_fits,
    }


def _truth(true_label: int | None) -> str | None:
    if true_label is None:
        return None
    return "nothing there" if true_label < 0 else LABELS[true_label]


def _message(kind: str, data: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json_text.dumps(data)}\n\n".encode()
