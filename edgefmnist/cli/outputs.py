"""Where ``edgefmnist camera`` sends its answers: one sink for each option given."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from edgefmnist.errors import printable

if TYPE_CHECKING:
    from edgefmnist.camera.events import Sink
    from edgefmnist.camera.labelling import LabelPage
    from edgefmnist.camera.labelling.learning import Learning
    from edgefmnist.records import ModelInUse


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OutputsConfig:
    """The options of the same names; sizes in bytes. jsonl: the terminal's form.

    learning: from the photos in `adapt`.
    """

    fps: float | None = None
    source: str = "auto"
    jsonl: bool = False
    every_frame: bool = False
    log: Path | None = None
    log_limit_bytes: int = 0
    preview: str | None = None
    mqtt: str | None = None
    mqtt_password_file: Path | None = None
    mqtt_ca: Path | None = None
    save_uncertain: Path | None = None
    save_limit_bytes: int = 0
    adapt: Path | None = None
    learning: Learning | None = None


def open_outputs(config: OutputsConfig, source: str, model: ModelInUse) -> list[Sink]:
    """The sinks beside the terminal. source: its name, for people. model: the one in use.

    Raises: UsageError, CannotWrite, MissingDependency; those opened before are closed again.
    """
    source = printable(source)
    sinks: list[Sink] = []
    try:
        labelling = _add_files(config, sinks)
        _add_network(config, source, model, labelling, sinks)
    except BaseException:
        for sink in sinks:
            with contextlib.suppress(OSError):  # what went wrong first is what is told
                sink.close()
        raise
    return sinks


def _add_files(config: OutputsConfig, sinks: list[Sink]) -> LabelPage | None:
    if config.log is not None:
        from edgefmnist.camera.sinks.log_file import open_log

        sinks.append(open_log(config.log, config.log_limit_bytes, every_frame=config.every_frame))
    if config.save_uncertain is not None:
        from edgefmnist.camera.sinks.uncertain import open_uncertain

        saved = open_uncertain(config.save_uncertain, config.save_limit_bytes)
        sinks.append(saved)
        if config.adapt is not None:
            from edgefmnist.camera.labelling import LabelPage
            from edgefmnist.camera.labelling.labels import open_labelling

            assert config.learning is not None
            labelling = open_labelling(config.save_uncertain, config.adapt, saved.keep)
            return LabelPage(labelling=labelling, learning=config.learning)
    return None


def _add_network(
    config: OutputsConfig,
    source: str,
    model: ModelInUse,
    labelling: LabelPage | None,
    sinks: list[Sink],
) -> None:
    from edgefmnist.render import live

    if config.mqtt is not None:
        from edgefmnist.camera.sinks.mqtt import MqttConfig, open_mqtt

        mqtt = open_mqtt(
            MqttConfig(
                url=config.mqtt,
                password_file=config.mqtt_password_file,
                ca_file=config.mqtt_ca,
                source=config.source,
                model=model,
            )
        )
        sinks.append(mqtt)
        if mqtt.shared:
            live.show_shared_topic(mqtt.topic)
    if config.preview is not None:
        from edgefmnist.camera.preview import open_preview

        preview = open_preview(config.preview, labelling, source=source, model=model)
        sinks.append(preview)
        live.show_preview(preview.url, preview.note)
    if "NOTIFY_SOCKET" in os.environ:  # started by systemd as Type=notify
        from edgefmnist.camera.sinks.systemd import open_systemd

        sinks.append(open_systemd(1 / config.fps if config.fps else 0.0))
