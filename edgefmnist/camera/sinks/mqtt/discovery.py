"""What Home Assistant is told of us, so that nobody needs to configure it.

One retained message an entity, on ``homeassistant/COMPONENT/ID/ENTITY/config``: the form that every
Home Assistant since 2023 reads, and other programs that follow its discovery. (The newer one, a
message for the whole device, needs 2024.11.) https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

from typing import Any

from edgefmnist import __version__
from edgefmnist.camera.sinks.mqtt.identity import entity_prefix
from edgefmnist.records import UNKNOWN, ModelInUse

BIRTH_TOPIC = "homeassistant/status"
"""Home Assistant says ``online`` there when it has started."""


def discovery(prefix: str, model: ModelInUse) -> dict[str, dict[str, Any]]:
    """Topic to configuration of each entity: label, score, and whether the camera is live.

    prefix: of our topics; the entities' identity follows from it.
    """
    ours = entity_prefix(prefix)
    state, availability = f"{prefix}/state", f"{prefix}/availability"
    shared = {
        "device": {
            "identifiers": [ours],
            "name": prefix.replace("/", " "),
            "manufacturer": "edgefmnist",
            "model": model.name or "camera",
            "sw_version": __version__,
        },
        "origin": {"name": "edgefmnist", "sw_version": __version__},
        "qos": 1,
    }
    entities: dict[str, dict[str, Any]] = {
        "sensor/label": {
            "name": "Garment",
            "icon": "mdi:tshirt-crew",
            "device_class": "enum",
            "options": [*model.labels, UNKNOWN],
            "state_topic": state,
            "value_template": "{{ value_json.label }}",
            "json_attributes_topic": state,
            "availability_topic": availability,
        },
        "sensor/score": {
            "name": "Score",
            "icon": "mdi:percent",
            "entity_category": "diagnostic",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "state_topic": state,
            "value_template": "{{ None if value_json.score is none "
            "else (value_json.score * 100) | round(1) }}",
            "availability_topic": availability,
        },
        # Its state is the availability itself: it says `disconnected` where the others are greyed
        # out, and why stands in its attributes.
        "binary_sensor/camera": {
            "name": "Camera",
            "entity_category": "diagnostic",
            "device_class": "connectivity",
            "state_topic": availability,
            "payload_on": "online",
            "payload_off": "offline",
            "json_attributes_topic": state,
        },
    }
    configs = {}
    for path, entity in entities.items():
        component, name = path.split("/")
        configs[f"homeassistant/{component}/{ours}/{name}/config"] = {
            "unique_id": f"{ours}_{name}",
            **entity,
            **shared,
        }
    return configs
