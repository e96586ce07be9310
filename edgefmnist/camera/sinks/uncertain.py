"""``--save-uncertain``: frames worth a second look, kept for the next training."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from edgefmnist import files, json_text
from edgefmnist.camera.events import CameraEvent, State, Status
from edgefmnist.camera.pictures.finding import finding_fields
from edgefmnist.camera.sinks.frame_store import FrameStore, InUse
from edgefmnist.camera.sinks.jsonl import prediction_fields, utc_now
from edgefmnist.camera.sinks.worker import Worker
from edgefmnist.camera.token_bucket import TokenBucket
from edgefmnist.errors import UsageError

_LEAST_LIMIT = 1_000_000  # bytes: a few frames
_WAITING = 4  # frames of a few MB each, until the disk is done with the one before
_CLOSE_S = 5.0

LOW_SCORE = 0.7
"""Score of the best class under which a garment counts as uncertain."""

_PAUSE_S = 10.0  # between uncertain frames of one label at first, doubled each time
_LONGEST_PAUSE_S = 600.0
_BURST = 30  # frames in a row,
_REFILL_S = 20.0  # and one more each so often
_RESERVE = 10  # of the burst, for changes alone

_JPEG_QUALITY = 95
"""A 640x480 frame takes 75 KB, a seventh of its PNG. The model sees 28x28 of it, so what JPEG does
to single pixels is averaged away: on 300 of 300 demo frames the answer was the same."""

Why = Literal["changed", "uncertain", "kept"]
"""Why a frame is kept; ``kept``: somebody asked for it."""


def open_uncertain(folder: Path, limit_bytes: int) -> SavedFrames:
    """The sink that keeps frames in `folder`, which is made. See `SavedFrames`.

    Raises: UsageError where the limit is too small or another process has the folder; CannotWrite.
    """
    if limit_bytes < _LEAST_LIMIT:
        raise UsageError(f"--save-limit: {limit_bytes:,} bytes hold too little; give 1MB or more")
    files.make_folder(folder)
    try:
        store = FrameStore(folder, limit_bytes)
    except InUse as error:
        raise UsageError(
            f"--save-uncertain {folder}: another process keeps frames there; name another folder, "
            "or stop that one"
        ) from error
    except OSError as error:
        raise files.cannot_write(folder, error) from error
    return SavedFrames(store)


class Sampler:
    """Says which frames are worth keeping, few enough for an SD card to last.

    A frame is *uncertain* where a garment was found in it and the model does not stand by an
    answer: it is `unknown`, or the best class scores under `LOW_SCORE`. An empty scene is not.
    Uncertain frames of one announced label are 10 s apart at first, and twice as long each time
    up to 10 minutes while that label stays, so that a scene that never changes does not push out
    all others. A frame at which the announced label changed is kept always.

    Both kinds together: 30 in a row at most (uncertain ones leave 10 of these to changes) and one
    more every 20 s. A frame of 640x480 takes 0.1 MB at most with its two companions, so the worst
    day writes 4,320 of them, 0.4 GB, and the worst year 160 GB. Cards of 32 GB bear about 10,000 GB
    (300 times their size): 60 years. 250 MB hold 2,500 frames.
    """

    def __init__(self) -> None:
        """Begin with the whole burst."""
        self._bucket = TokenBucket(_BURST, _REFILL_S)
        self._pauses_s: dict[str, float] = {}
        self._next_s: dict[str, float] = {}

    def why(self, event: CameraEvent, now_s: float) -> Why | None:
        """Why to keep this frame, None where not to. now_s: a clock that never steps."""
        left = self._bucket.left(now_s)
        if event.announced is None:  # a run that has hardly begun
            return None
        if event.changed:
            self._pauses_s.pop(event.announced, None)
            soonest_s = self._next_s.get(event.announced, now_s)
            self._next_s[event.announced] = min(soonest_s, now_s + _PAUSE_S)
            return self._take(left, "changed")
        if not is_uncertain(event) or now_s < self._next_s.get(event.announced, now_s):
            return None
        why = self._take(left - _RESERVE, "uncertain")
        if why is not None:
            pause_s = self._pauses_s.get(event.announced, _PAUSE_S)
            self._next_s[event.announced] = now_s + pause_s
            self._pauses_s[event.announced] = min(2 * pause_s, _LONGEST_PAUSE_S)
        return why

    def _take(self, left: float, why: Why) -> Why | None:
        if left < 1:
            return None
        self._bucket.take()
        return why


def is_uncertain(event: CameraEvent) -> bool:
    """Whether a garment was found and the model does not stand by an answer."""
    prediction = event.prediction
    return event.picture is not None and (prediction.unknown or prediction.score < LOW_SCORE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Saved:
    """One frame on its way to the disk."""

    pixels: npt.NDArray[np.uint8]
    picture: npt.NDArray[np.uint8] | None
    mask: npt.NDArray[np.uint8] | None
    fields: dict[str, Any]


class SavedFrames:
    """Keeps frames that `Sampler` picks, each as three files of one stem; a `Sink`.

    ``.jpg`` is the whole frame, written last; ``.png`` the 28x28 that the model saw (none where no
    garment was found); ``.json`` what came of it and what was found (`saved_fields`,
    `finding_fields`). The work is done in a thread; a frame that comes while four wait is dropped
    and counted.
    """

    name = "saved frames"

    def __init__(self, store: FrameStore) -> None:
        """Keep them in `store`."""
        self._store = store
        self._sampler = Sampler()
        self._previous: str | None = None
        self._state = State.STARTING
        self._worker = Worker(self._save, _WAITING, "save-frames")

    @property
    def dropped(self) -> int:
        """Frames picked and not kept, since the disk was too slow."""
        return self._worker.dropped

    def on_event(self, event: CameraEvent) -> None:
        """Hand the frame over where it is worth it. Raises: OSError of the newest one written."""
        why = self._sampler.why(event, time.monotonic())
        if why is not None:
            self._give(event, why)
        if event.changed:
            self._previous = event.announced
        self._tell()

    def keep(self, event: CameraEvent) -> bool:
        """Keep this frame too; from any thread. False where the disk is too slow for it."""
        return self._give(event, "kept")

    def on_status(self, status: Status) -> None:
        """Remember how the camera is. Raises: as `on_event`."""
        self._state = status.state
        self._tell()

    def close(self) -> None:
        """Write what waits, for five seconds at most. Raises: OSError that tells what is lost."""
        self._worker.close(_CLOSE_S)
        self._store.close()
        if self.dropped:
            raise OSError(f"{self.dropped:,} frames were dropped: the disk was too slow")

    def _give(self, event: CameraEvent, why: Why) -> bool:
        fields = saved_fields(event, why, self._previous, self._state)
        saved = _Saved(pixels=event.pixels, picture=event.picture, mask=event.mask, fields=fields)
        return self._worker.give(saved)

    def _tell(self) -> None:
        if self._worker.error is not None:
            # The same error again and again would gather a traceback at each raise.
            raise self._worker.error.with_traceback(None)

    def _save(self, saved: _Saved) -> None:
        photo = _encoded(".jpg", saved.pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        found = finding_fields(saved.picture, saved.mask, photo)
        record = json_text.dumps({**saved.fields, **found}, indent=1) + "\n"
        parts = {".json": record.encode()}
        if saved.picture is not None:
            parts[".png"] = _encoded(".png", saved.picture, [])
        parts[".jpg"] = photo
        self._store.add(parts, saved.fields["time"])


def saved_fields(
    event: CameraEvent, why: Why, previous: str | None, state: State
) -> dict[str, Any]:
    """What the JSON file beside a frame says.

    `why` is a `Why`; `previous` the label announced before, null at the first.
    `label` to `top` are of this very frame, `box` is (x, y, width, height) in it.
    """
    fields: dict[str, Any] = {"time": utc_now(), "why": why, "frame": event.frame}
    if event.name:
        fields["name"] = event.name
    return fields | {
        "announced": event.announced,
        "previous": previous,
        **prediction_fields(event.prediction),
        "box": event.box,
        "camera": state.value,
    }


def _encoded(suffix: str, pixels: npt.NDArray[np.uint8], options: list[int]) -> bytes:
    try:
        done, data = cv2.imencode(suffix, pixels, options)
    except cv2.error:
        done = False
    if not done:
        height, width = pixels.shape[:2]
        raise OSError(f"a frame of {width}x{height} pixels cannot be written as {suffix}")
    return data.tobytes()
