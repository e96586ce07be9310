"""``--mqtt``: label and camera state on a broker, with discovery for Home Assistant.

Under the topic prefix, by default ``edgefmnist/HOSTNAME``, retained and with QoS 1:

- ``PREFIX/state``: a JSON object at each change of the announced label or the camera's state.
- ``PREFIX/availability``: ``online`` while this program is connected *and* the camera is live, so
  that nobody is shown the label of a camera that has died; else ``offline``, which the broker says
  in our place (Last Will) where the program is gone.

PREFIX ends in ``-SOURCE`` for all but the first camera.

`broker` reads the options, `identity` names this camera, `publisher` delivers, `discovery`
describes us to Home Assistant.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgefmnist import json_text
from edgefmnist.camera.events import CameraEvent, State, Status
from edgefmnist.camera.sinks.jsonl import utc_now
from edgefmnist.camera.sinks.mqtt.broker import read_broker
from edgefmnist.camera.sinks.mqtt.discovery import discovery
from edgefmnist.errors import MissingDependency
from edgefmnist.records import UNKNOWN, ModelInUse

if TYPE_CHECKING:
    from edgefmnist.camera.sinks.mqtt.publisher import Publisher


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MqttConfig:
    """The options on MQTT. source: ``--source``. model: the one in use at the start."""

    url: str
    password_file: Path | None = None
    ca_file: Path | None = None
    source: str = "auto"
    model: ModelInUse


def open_mqtt(config: MqttConfig) -> Mqtt:
    """The sink that publishes to a broker, which need not be there yet.

    Raises: UsageError (URL, password, certificate), MissingDependency.
    """
    broker = read_broker(config.url, config.password_file, config.ca_file, config.source)
    try:
        from edgefmnist.camera.sinks.mqtt.publisher import Message, Publisher
    except ImportError as error:
        raise MissingDependency(
            f"--mqtt needs paho-mqtt 2 ({error}): pip install 'edgefmnist[mqtt]'"
        ) from error
    will = Message(f"{broker.topic}/availability", "offline")
    configs = discovery(broker.topic, config.model)
    return Mqtt(Publisher(broker, will, configs), broker.topic, config.model)


class Mqtt:
    """Publishes changes; a `Sink`. Never waits for the network: see `Publisher`."""

    name = "mqtt"

    def __init__(self, publisher: Publisher, prefix: str, model: ModelInUse) -> None:
        """Publish under `prefix`, as `offline` until the first frame. model: the one described."""
        self._publisher = publisher
        self._model = model
        self.topic = prefix
        self._status = Status(state=State.STARTING, since_ns=time.monotonic_ns())
        self._online = False

    @property
    def shared(self) -> bool:
        """Whether another run on this machine publishes under the same topic."""
        return self._publisher.session.number > 1

    def on_event(self, event: CameraEvent) -> None:
        """Publish a change. Raises: OSError while there is no connection; nothing is lost then."""
        if event.model != self._model:  # its labels before the first of them
            self._model = event.model
            self._publisher.stand(discovery(self.topic, event.model))
        back = not self._online
        if event.changed or back:
            self._state(event)
        if back:  # after the state: who waits for `online` finds a label
            self._online = True
            self._availability()
        self._publisher.check()

    def on_status(self, status: Status) -> None:
        """Publish how the camera is. Raises: as `on_event`."""
        self._status = status
        if status.state is not State.LIVE:  # a live one is told of with the frame that proves it
            if self._online:
                self._online = False
                self._availability()
            self._state(None)
        self._publisher.check()

    def close(self) -> None:
        """Deliver what waits, and `offline`, for two seconds at most.

        Raises: OSError that tells what never reached the broker.
        """
        self._online = False
        self._availability()
        self._publisher.close()

    def _availability(self) -> None:
        payload = "online" if self._online else "offline"
        self._publisher.put(f"{self.topic}/availability", payload)

    def _state(self, event: CameraEvent | None) -> None:
        fields = state_fields(self._status, event, self._publisher.lost)
        self._publisher.put(f"{self.topic}/state", json_text.dumps(fields))


def state_fields(status: Status, event: CameraEvent | None, lost: int) -> dict[str, Any]:
    """What ``PREFIX/state`` says.

    `label` is the announced one and `frame` the frame it was announced at; `score` is the label's
    in that frame and `known` its probability of being one of the classes, both 0..1; `unknown`:
    whether the label is. All five are null while the camera is not live and until a label was
    announced, and `score` where the label is ``unknown``. `lost` counts changes that
    found the queue full.
    """
    fields: dict[str, Any] = dict.fromkeys(("label", "score", "known", "unknown", "frame"))
    if event is not None and event.announced is not None:
        score = dict(event.prediction.top).get(event.announced)
        fields["label"] = event.announced
        fields["score"] = None if score is None else round(score, 4)
        fields["known"] = round(event.prediction.known, 4)
        fields["unknown"] = event.announced == UNKNOWN
        fields["frame"] = event.frame
    return fields | {
        "camera": status.state.value,
        "fault": status.fault,
        "detail": status.detail,
        "time": utc_now(),
        "lost": lost,
    }
