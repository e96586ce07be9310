"""A preview that is fed by hand, and events to feed it."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgefmnist.camera.events import CameraEvent, State, Status
from edgefmnist.camera.preview import Preview, open_preview
from edgefmnist.camera.preview.tokens import VARIABLE
from edgefmnist.records import LABELS, ModelInUse, Prediction
from tests import own_classes

Pixels = npt.NDArray[np.uint8]
GREY = np.full((120, 160, 3), 90, np.uint8)


def event(number: int = 0, label: str = "Coat", pixels: Pixels = GREY) -> CameraEvent:
    """What a loop would tell of one frame."""
    scores = dict.fromkeys(LABELS, 0.01) | {label: 0.91}
    top = tuple(sorted(scores.items(), key=lambda pair: -pair[1]))
    return CameraEvent(
        frame=number,
        name="",
        captured_ns=time.monotonic_ns(),
        pixels=pixels,
        announced=label,
        changed=number == 0,
        model=ModelInUse(name="edge"),
        prediction=Prediction.named(
            label_index=LABELS.index(label), known=0.97, top=top, latency_ns=400_000
        ),
        picture=np.arange(784, dtype=np.uint8).reshape(28, 28),
        box=(20, 10, 80, 90),
        mask=None,
        capture_ns=3_000_000,
        preprocess_ns=12_000_000,
        infer_ns=400_000,
        fps=30.0,
        dropped=2,
        true_label=None,
        background_fits=None,
    )


def own_event(number: int = 0) -> CameraEvent:
    """What a loop would tell of one frame by a model with classes of one's own."""
    labels = own_classes.LABELS
    top = ((labels[2], 0.7), (labels[1], 0.2), (labels[0], 0.06), (labels[3], 0.04))
    return dataclasses.replace(
        event(number),
        announced=labels[2],
        model=ModelInUse(name="own", labels=labels),
        prediction=Prediction.named(label_index=2, known=0.9, top=top, latency_ns=400_000),
    )


def empty_event(number: int = 0) -> CameraEvent:
    """What a loop would tell of a frame without a garment."""
    full = event(number)
    nothing = Prediction.unsure()
    return dataclasses.replace(
        full, announced="unknown", prediction=nothing, picture=None, box=None, infer_ns=0
    )


def status(state: State, **more: object) -> Status:
    """That the camera came into `state` now."""
    return Status(state=state, since_ns=time.monotonic_ns(), **more)  # type: ignore[arg-type]


OpenPreview = Callable[..., Preview]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPreview]:
    """Open previews that end with the test; without a token in the environment unless given."""
    previews: list[Preview] = []

    def start(address: str = "127.0.0.1:0", token: str | None = None) -> Preview:
        if token is None:
            monkeypatch.delenv(VARIABLE, raising=False)
        else:
            monkeypatch.setenv(VARIABLE, token)
        previews.append(open_preview(address, source="demo:0", model=ModelInUse(name="edge")))
        return previews[-1]

    yield start
    for preview in previews:
        preview.close()


@pytest.fixture
def preview(opened: OpenPreview) -> Preview:
    """One that is live."""
    preview = opened()
    preview.on_status(status(State.LIVE))
    preview.on_event(event())
    return preview


@pytest.fixture(scope="session")
def _shared() -> Iterator[Preview]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        shared = open_preview("127.0.0.1:0", source="demo:0", model=ModelInUse(name="edge"))
    yield shared
    shared.close()


@pytest.fixture
def asked(_shared: Preview) -> Preview:
    """A live one for tests that only ask it: it serves them all."""
    _shared.on_status(status(State.LIVE))
    _shared.on_event(event())
    return _shared


def port_of(preview: Preview) -> int:
    """The port it listens at."""
    return int(preview.url.split("?")[0].rstrip("/").rsplit(":", 1)[1])


@dataclasses.dataclass(frozen=True)
class Answer:
    """A whole response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: str


def ask(
    preview: Preview, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> Answer:
    """One request; an underscore in a header's name stands for a dash."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(preview), timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, headers=named)
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, told, response.read().decode())
    finally:
        connection.close()


def post(preview: Preview, body: str, path: str = "/", **headers: str) -> Answer:
    """A form, sent."""
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    return ask(preview, path, "POST", body, **form, **headers)


def start_request(preview: Preview, path: str, **headers: str) -> http.client.HTTPResponse:
    """The beginning of an endless response."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(preview), timeout=20)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def next_picture(response: http.client.HTTPResponse) -> Pixels:
    """The next picture of an MJPEG stream, decoded."""
    import cv2

    length = 0
    while (line := response.readline().strip()) or not length:
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    pixels = cv2.imdecode(np.frombuffer(response.read(length), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


def next_message(response: http.client.HTTPResponse, kind: str = "state") -> dict[str, object]:
    """The data of the next server-sent event of that kind."""
    import json

    while response.readline().strip() != f"event: {kind}".encode():
        pass
    told: dict[str, object] = json.loads(response.readline().partition(b":")[2])
    return told


def open_sockets() -> int:
    """Of this process; other files are opened by whoever imports something for the first time."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the folder's own
            count += str(entry.readlink()).startswith("socket:")
    return count


def connected(preview: Preview, request: bytes = b"", peer: str = "127.0.0.1") -> socket.socket:
    """A connection from `peer`, with a small receive buffer, that has sent `request`."""
    client = socket.socket()
    client.bind((peer, 0))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect(("127.0.0.1", port_of(preview)))
    client.sendall(request)
    return client


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def whole(client: socket.socket) -> bytes:
    """All that comes until the connection ends, in whatever way."""
    told = b""
    try:
        while part := client.recv(65536):
            told += part
    except ConnectionError:
        pass
    return told
