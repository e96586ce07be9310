"""Label and state on a real mosquitto that goes and comes back."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgefmnist.camera.events import State
from edgefmnist.camera.sinks.mqtt import Mqtt, MqttConfig, open_mqtt
from edgefmnist.camera.sinks.mqtt import publisher as publishing
from edgefmnist.camera.sinks.mqtt.broker import read_broker
from edgefmnist.camera.sinks.mqtt.identity import Session, default_topic, entity_prefix
from edgefmnist.errors import MissingDependency, UsageError
from edgefmnist.records import LABELS, ModelInUse
from tests import own_classes
from tests.camera.outputs.conftest import WAIT_S, Run, event, rows, status, wait_for
from tests.conftest import RunCli

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

DEMO = ("camera", "--source", "demo", "--frames", "40")


class Broker:
    """A mosquitto of our own, on one port for good."""

    def __init__(self, folder: Path, *settings: str, persistent: bool = False) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = folder / f"mosquitto-{self.port}.log"
        self._config = folder / f"mosquitto-{self.port}.conf"
        lines = [f"listener {self.port} 127.0.0.1", "user root", *settings]
        if not settings:
            lines.append("allow_anonymous true")
        if persistent:
            lines += ["persistence true", f"persistence_location {folder}/"]
            lines += ["autosave_on_changes true", "autosave_interval 1"]
        self._config.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Broker:
        assert MOSQUITTO is not None
        with self.log.open("a") as log:
            command = [MOSQUITTO, "-c", str(self._config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

        def answers() -> bool:
            assert self._process is not None and self._process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return True
            return False

        wait_for(answers, "mosquitto")
        return self

    def send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(WAIT_S)
            self._process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Start brokers that end with the test."""
    started: list[Broker] = []

    def start(*settings: str, persistent: bool = False) -> Broker:
        started.append(Broker(tmp_path, *settings, persistent=persistent))
        return started[-1].start()

    yield start
    for one in started:
        one.stop()


class Listener:
    """Somebody who reads along, with a session that the broker keeps, and reconnects."""

    def __init__(self, port: int, topics: str = "#", name: str = "listener") -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.messages: list[Any] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_message = lambda client, data, message: self.messages.append(message)
        subscribed: list[int] = []
        self._client.on_subscribe = lambda client, data, mid, codes, more: subscribed.append(mid)
        self._client.on_connect = lambda client, *more: client.subscribe(topics, qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_for(lambda: subscribed, "subscription")

    def publish(self, topic: str, payload: str, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def texts(self, ending: str) -> list[str]:
        return [one.payload.decode() for one in list(self.messages) if one.topic.endswith(ending)]

    def states(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts("/state")]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def retained(port: int) -> dict[str, str]:
    """What somebody finds who comes later."""
    late = Listener(port, name="late")
    late.publish("end", "")  # comes back after all that is retained
    wait_for(lambda: late.texts("end"))
    late.close()
    found = {one.topic: one.payload.decode() for one in late.messages if one.retain}
    return found


def sink(port: int, **options: Any) -> Mqtt:
    return open_mqtt(
        MqttConfig(url=f"mqtt://127.0.0.1:{port}/cam", model=ModelInUse(name="edge"), **options)
    )


# What is published.


def test_changes_availability_and_discovery(broker: Callable[..., Broker], run_cli: RunCli) -> None:
    port = broker().port
    listener = Listener(port)
    words = (*DEMO, "--jsonl", "--mqtt", f"mqtt://127.0.0.1:{port}/garden/cam")
    done = run_cli(*words)
    assert done.returncode == 0 and "mqtt" not in done.stderr
    wait_for(lambda: listener.texts("/availability")[-1:] == ["offline"])
    assert listener.texts("/availability") == ["online", "offline"]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    labels = [row for row in lines if row["event"] == "label"]
    told = [state for state in listener.states() if state["label"] is not None]
    assert [(one["frame"], one["label"]) for one in told] == [
        (row["frame"], row["announced"]) for row in labels
    ]
    for row, state in zip(labels, told, strict=True):
        assert state["camera"] == "live" and state["fault"] == state["detail"] == ""
        assert state["unknown"] is (row["announced"] == "unknown") and state["lost"] == 0
        scores = {one["label"]: one["score"] for one in row["top"]}
        if not state["unknown"]:
            assert state["score"] == pytest.approx(scores[state["label"]], abs=1e-3)
    listener.close()

    found = retained(port)
    assert found["garden/cam/availability"] == "offline"
    assert json.loads(found["garden/cam/state"])["label"] == labels[-1]["announced"]
    configs = {topic: json.loads(text) for topic, text in found.items() if "/config" in topic}
    assert sorted(topic.split("/")[1] for topic in configs) == ["binary_sensor", "sensor", "sensor"]
    assert len({config["unique_id"] for config in configs.values()}) == 3
    for topic, config in configs.items():
        assert topic.startswith("homeassistant/") and topic.split("/")[2] == "edgefmnist-garden_cam"
        assert config["device"]["identifiers"] == ["edgefmnist-garden_cam"]
        assert config["state_topic"] in found
        assert config.get("availability_topic", "garden/cam/availability") in found
    label = configs["homeassistant/sensor/edgefmnist-garden_cam/label/config"]
    assert set(label["options"]) == {*LABELS, "unknown"}


def test_another_model_is_described_before_its_first_label(
    broker: Callable[..., Broker],
) -> None:
    port = broker().port
    listener = Listener(port)
    own = ModelInUse(name="own", labels=own_classes.LABELS)
    one = sink(port)
    one.on_status(status(State.LIVE))
    one.on_event(event("Coat", frame=1, changed=True))
    wait_for(lambda: listener.texts("/availability"))
    one.on_event(event(None, frame=2, changed=True, model=own))
    one.on_event(event("Müller's skirt", frame=3, changed=True, model=own))
    one.on_event(event("Müller's skirt", frame=4, model=own))
    wait_for(lambda: len(listener.states()) == 3)
    one.close()
    told = []
    for message in listener.messages:
        fields = json.loads(message.payload) if message.payload.startswith(b"{") else {}
        if message.topic.endswith("/label/config"):
            told.append((fields["device"]["model"], fields["options"]))
        elif message.topic == "cam/state":
            told.append(fields["label"])
    listener.close()
    shipped, ours = ("edge", [*LABELS, "unknown"]), ("own", [*own.labels, "unknown"])
    assert told == [shipped, "Coat", ours, None, "Müller's skirt"]
    found = retained(port)
    config = json.loads(found["homeassistant/sensor/edgefmnist-cam/label/config"])
    assert config["options"] == [*own.labels, "unknown"]


def test_label_of_a_camera_that_died_is_not_kept(broker: Callable[..., Broker]) -> None:
    port = broker().port
    listener = Listener(port, "cam/#")
    one = sink(port)
    one.on_status(status(State.STARTING))
    one.on_status(status(State.LIVE))
    one.on_event(event("Bag", frame=1, changed=True))
    one.on_event(event("Bag", frame=2))
    one.on_status(status(State.STALE, "frozen", "the same picture for 2 s"))
    one.on_status(status(State.RESTARTING, "frozen"))
    one.on_status(status(State.LIVE))
    one.on_event(event("Bag", frame=3))  # announced all the time, and told again
    one.on_event(event("Bag", frame=4))
    one.close()
    wait_for(lambda: len(listener.texts("/availability")) == 4)
    listener.close()
    told = []
    for message in listener.messages:
        text = message.payload.decode()
        if message.topic == "cam/state":
            text = "{camera} {label} {frame} {fault}".format_map(json.loads(text))
        told.append(text)
    assert told == [
        "starting None None ",
        "live Bag 1 ",
        "online",
        "offline",
        "stale None None frozen",
        "restarting None None frozen",
        "live Bag 3 ",
        "online",
        "offline",
    ]


# A broker that goes, and one that comes late.


def test_nothing_is_lost_across_a_restart_of_the_broker(
    broker: Callable[..., Broker], camera: Callable[..., Run], tmp_path: Path
) -> None:
    """Real mosquitto, ended and then killed in the middle of a real run, and started again."""
    one = broker(persistent=True)
    listener = Listener(one.port, "cam/#")
    log = tmp_path / "log"
    run = camera("--log", str(log), "--mqtt", f"mqtt://127.0.0.1:{one.port}/cam")

    def frames() -> list[int]:
        return [row["frame"] for row in rows(log) if row["event"] == "label"]

    def told() -> list[int]:
        return [state["frame"] for state in listener.states() if state["label"] is not None]

    def quiet() -> bool:
        """Halt the run; whether everything that it logged has arrived."""
        run.process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        if set(told()) >= set(frames()):
            return True
        run.process.send_signal(signal.SIGCONT)
        return False

    for number in (signal.SIGTERM, signal.SIGKILL):
        seen = len(told())
        wait_for(lambda seen=seen: len(told()) >= seen + 3, "changes")
        if number == signal.SIGKILL:
            # What a broker took, and neither passed on nor saved, is lost with it. That is not
            # tested here: it is killed when it has nothing to do.
            wait_for(quiet)
            time.sleep(1.5)  # mosquitto saves once a second
        one.stop(number)
        run.process.send_signal(signal.SIGCONT)
        before = len(frames())
        wait_for(lambda before=before: len(frames()) >= before + 3, "changes without a broker")
        wait_for(lambda: run.told().count("not connected") > run.told().count("works again"))
        one.start()
        wait_for(lambda: run.told().count("not connected") == run.told().count("works again"))
    errors = run.stop()
    assert errors.count("mqtt: not connected") == errors.count("mqtt: works again") == 2
    assert "never reached" not in errors
    wait_for(lambda: set(told()) >= set(frames()), "all changes")
    listener.close()
    newest = list(dict.fromkeys(told()))
    assert newest == frames()  # every one, in order; some perhaps twice
    assert retained(one.port)["cam/availability"] == "offline"


def test_broker_without_a_memory_is_told_all_that_stands(broker: Callable[..., Broker]) -> None:
    one = broker()
    ours = sink(one.port)
    ours.on_event(event("Coat", frame=5, changed=True))
    wait_for(lambda: len(retained(one.port)) == 5, "five retained messages")
    one.stop()
    wait_for(lambda: failing(ours))
    one.start()
    wait_for(lambda: len(retained(one.port)) == 5, "told again")
    found = retained(one.port)
    assert found["cam/availability"] == "online"
    assert json.loads(found["cam/state"])["label"] == "Coat"
    wait_for(lambda: not failing(ours))
    ours.close()


def failing(one: Mqtt) -> bool:
    try:
        one.on_event(event("Coat"))
    except OSError:
        return True
    return False


def test_home_assistant_that_starts_is_told_again(broker: Callable[..., Broker]) -> None:
    port = broker().port
    ours = sink(port)
    ours.on_event(event(changed=True))
    listener = Listener(port)
    wait_for(lambda: len(listener.texts("/config")) == 3)
    listener.publish("homeassistant/status", "online")
    wait_for(lambda: len(listener.texts("/config")) == 6)
    wait_for(lambda: len(listener.texts("/state")) == 2)
    listener.close()
    ours.close()


def test_queue_that_overflows_keeps_the_newest_and_counts(
    broker: Callable[..., Broker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "QUEUE", 5)
    one = broker(persistent=True)
    listener = Listener(one.port, "cam/#")
    one.stop()
    ours = sink(one.port)
    wait_for(lambda: failing(ours))
    with pytest.raises(ConnectionError, match="not connected to 127"):
        ours.on_event(event("Bag"))
    for frame in range(20):
        with pytest.raises(OSError):
            ours.on_event(event("Bag", frame=frame, changed=True))
    with pytest.raises(OSError, match="the oldest are dropped"):
        ours.on_event(event("Bag"))
    one.start()
    wait_for(lambda: {15, 16, 17, 18, 19} <= {state["frame"] for state in listener.states()})
    assert not failing(ours)
    ours.on_event(event("Dress", frame=21, changed=True))
    with pytest.raises(OSError, match=r"\d+ changes never reached"):
        ours.close()
    wait_for(lambda: listener.texts("/availability")[-1:] == ["offline"])
    states = listener.states()
    assert states[-1]["label"] == "Dress" and states[-1]["lost"] >= 10
    assert 1 not in {state["frame"] for state in states}
    listener.close()


def test_program_that_is_killed_is_told_of_by_the_broker(
    broker: Callable[..., Broker], camera: Callable[..., Run]
) -> None:
    port = broker().port
    listener = Listener(port, "cam/#")
    run = camera("--mqtt", f"mqtt://127.0.0.1:{port}/cam")
    wait_for(lambda: listener.texts("/availability") == ["online"])
    run.process.kill()
    wait_for(lambda: listener.texts("/availability") == ["online", "offline"])
    listener.close()


@pytest.mark.parametrize("gone", [True, False])
def test_end_does_not_wait_for_a_broker_that_is_gone_or_hangs(
    broker: Callable[..., Broker], gone: bool
) -> None:
    one = broker()
    ours = sink(one.port)
    ours.on_event(event(changed=True))
    wait_for(lambda: "cam/state" in retained(one.port))
    one.stop() if gone else one.send(signal.SIGSTOP)
    with contextlib.suppress(OSError):
        ours.on_event(event("Coat", changed=True))
    began = time.monotonic()
    with pytest.raises(OSError, match="1 change never reached"):
        ours.close()
    assert time.monotonic() - began < 10


# Others under the same topic, and an earlier self.


class Plug:
    """A relay to a broker. Pulled, it drops us but stays open to the broker: a power cut."""

    def __init__(self, port: int) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._broker_port = port
        self._ours: list[socket.socket] = []
        self._brokers: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._ours.append(self._server.accept()[0])
                self._brokers.append(socket.create_connection(("127.0.0.1", self._broker_port)))
                for one in (self._ours[-1], self._brokers[-1]), (self._brokers[-1], self._ours[-1]):
                    threading.Thread(target=self._pump, args=one, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                target.sendall(data)
            if source in self._brokers:
                target.shutdown(socket.SHUT_RDWR)

    def pull(self) -> None:
        self._server.close()
        for one in self._ours:
            with contextlib.suppress(OSError):  # it has gone already
                one.shutdown(socket.SHUT_RDWR)


def test_will_of_an_earlier_run_does_not_follow_the_later_one(
    broker: Callable[..., Broker],
) -> None:
    port = broker().port
    plug = Plug(port)
    listener = Listener(port, "cam/availability")
    earlier = sink(plug.port)
    earlier.on_event(event(changed=True))
    wait_for(lambda: listener.texts("/availability") == ["online"])
    plug.pull()
    later = sink(port)
    later.on_event(event(changed=True))
    # The broker knows the successor by its id, and speaks the will at once: not after a minute.
    wait_for(lambda: listener.texts("/availability") == ["online", "offline", "online"])
    later.close()
    listener.close()
    with contextlib.suppress(OSError):
        earlier.close()


@pytest.mark.parametrize("payload", ["offline", ""])
def test_what_another_says_of_a_live_camera_is_corrected(
    broker: Callable[..., Broker], payload: str
) -> None:
    port = broker().port
    ours = sink(port)
    ours.on_event(event(changed=True))
    listener = Listener(port, "cam/#")
    wait_for(lambda: listener.texts("/availability")[-1:] == ["online"])
    listener.publish("cam/availability", payload, retain=True)
    wait_for(lambda: listener.texts("/availability")[-2:] == [payload, "online"])
    assert retained(port)["cam/availability"] == "online"
    ours.on_status(status(State.STALE, "frozen"))
    wait_for(lambda: listener.texts("/availability")[-1] == "offline")
    listener.publish("cam/availability", "online", retain=True)  # another, which is live
    time.sleep(4)  # longer than it takes to be sure of another's word
    assert listener.texts("/availability")[-1] == "online"
    listener.close()
    ours.close()


def test_second_run_with_the_same_words_takes_nobody_off(
    broker: Callable[..., Broker], camera: Callable[..., Run], run_cli: RunCli
) -> None:
    port = broker().port
    url = f"mqtt://127.0.0.1:{port}/cam"
    service = camera("--mqtt", url)
    listener = Listener(port, "cam/availability")
    wait_for(lambda: listener.texts("/availability") == ["online"])
    second = run_cli("camera", "--source", "demo:7", "--frames", "15", "--mqtt", url)
    assert second.returncode == 0
    assert "another run on this machine publishes under cam" in second.stderr
    wait_for(lambda: listener.texts("/availability")[-2:] == ["offline", "online"])
    listener.close()
    assert "not connected" not in service.stop()  # it was never thrown out


def test_client_that_throws_us_out_again_and_again_is_named(
    broker: Callable[..., Broker],
) -> None:
    """Two machines with one identity, such as a card and its copy."""
    one = broker()
    plug = Plug(one.port)
    first, second = sink(one.port), sink(plug.port)
    reasons: set[str] = set()

    def named() -> bool:
        for ours in (first, second):
            try:
                ours.on_event(event())
            except OSError as error:
                reasons.add(str(error))
        return any("another client with the same topic" in reason for reason in reasons)

    wait_for(named)
    plug.pull()
    for ours in (first, second):
        with contextlib.suppress(OSError):
            ours.close()


def test_identities_are_stable_and_never_the_same() -> None:
    first, second = Session("pi:1", "cam"), Session("pi:1", "cam")
    other = Session("pi:1", "cam2")
    assert first.number == other.number == 1 and second.number == 2
    assert len({one.client_id for one in (first, second, other)}) == 3
    assert all(len(one.client_id) <= 23 for one in (first, second, other))
    first.close()
    again = Session("pi:1", "cam")
    assert again.client_id == first.client_id
    for one in (again, second, other):
        one.close()
    assert entity_prefix("edgefmnist/pi") == "edgefmnist_pi"
    assert entity_prefix("garden/cam") == "edgefmnist-garden_cam"
    topics = [
        "edgefmnist/a",
        "edgefmnist-a",
        "edgefmnist/edgefmnist/a",
        "edgefmnist",
        "a/b",
        "a_b",
        "a b",
        "größe",
        "grüße",
        "グ",
        "衣",
        "a/é",
        "a/è",
        "a.b",
        "A/B",
    ]
    prefixes = {entity_prefix(topic) for topic in topics}
    assert len(prefixes) == len(topics)
    assert all(re.fullmatch(r"edgefmnist[A-Za-z0-9_-]+", prefix) for prefix in prefixes)


def test_each_camera_of_a_machine_has_a_topic_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "pi.local")
    for first in ("auto", "demo", "rpicam", "rpicam:0", "picamera2", "0", "/dev/video0"):
        assert default_topic(first) == "edgefmnist/pi"
    assert default_topic("rpicam:1") == "edgefmnist/pi-rpicam1"
    assert default_topic("2") == default_topic("/dev/video2") == "edgefmnist/pi-video2"
    others = [
        *("rtsp://u:pw@cam/1", "rtsp://cam/2", "http://cam.lan/x?pwd=pw", "http://cam-lan/x"),
        *("/dev/v4l/by-id/usb-A", "/dev/v4l/by-id/usb-B", "/v/größe.mp4", "/v/grüße.mp4"),
    ]
    topics = {default_topic(source) for source in others}
    assert len(topics) == len(others)
    assert all(re.fullmatch(r"edgefmnist/pi-[A-Za-z0-9_-]+", topic) for topic in topics)
    assert default_topic("rtsp://u:pw@cam/1") == default_topic("rtsp://other@cam/1")
    monkeypatch.setattr(socket, "gethostname", lambda: "größe")
    first_host = default_topic("auto")
    monkeypatch.setattr(socket, "gethostname", lambda: "grüße")
    assert default_topic("auto") != first_host


# What is said of a broker.


@pytest.fixture
def stand_in() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """A server that is no broker: it does what the test says with each connection."""
    servers = []

    def start(answer: Callable[[socket.socket], None]) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    answer(server.accept()[0])

        threading.Thread(target=serve, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("does", ["nothing", "closes", "speaks HTTP"])
def test_server_that_never_accepts_is_said_once(
    camera: Callable[..., Run],
    stand_in: Callable[[Callable[[socket.socket], None]], int],
    does: str,
) -> None:
    kept: list[socket.socket] = []

    def answer(connection: socket.socket) -> None:
        if does == "nothing":
            kept.append(connection)
            return
        if does == "speaks HTTP":
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()

    run = camera("--mqtt", f"mqtt://127.0.0.1:{stand_in(answer)}")
    wait_for(lambda: "does not answer as a broker" in run.told())
    time.sleep(3)
    lines = run.stop().splitlines()
    assert [line.startswith("mqtt: not connected to 127.0.0.1:") for line in lines] == [True, False]
    assert "never reached" in lines[1]
    for one in kept:
        one.close()


# Getting in.


@pytest.mark.skipif(shutil.which("mosquitto_passwd") is None, reason="no mosquitto_passwd")
def test_password_from_file_or_environment_and_a_wrong_one(
    broker: Callable[..., Broker],
    run_cli: RunCli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "pi", "s3cret"], check=True)
    users.chmod(0o644)
    port = broker("allow_anonymous false", f"password_file {users}").port
    file = tmp_path / "password"
    file.write_text("s3cret\nnot this line\n")
    url = f"mqtt://pi@127.0.0.1:{port}"
    words = ("camera", "--source", "demo", "--frames", "15", "--mqtt", url)
    right = run_cli(*words, "--mqtt-password-file", file)
    assert right.returncode == 0 and right.stderr == ""
    monkeypatch.setenv("EDGEFMNIST_MQTT_PASSWORD", "s3cret")
    ours = open_mqtt(MqttConfig(url=url, model=ModelInUse(name="edge")))
    ours.on_event(event("Bag", changed=True))
    ours.close()
    wrong = run_cli(*words, env={"EDGEFMNIST_MQTT_PASSWORD": "hunter2"})
    assert wrong.returncode == 0  # the camera runs on
    first, last = wrong.stderr.splitlines()
    assert first == f"mqtt: not connected to 127.0.0.1:{port}: Not authorized"
    assert "changes never reached" in last and "hunter2" not in wrong.stderr


@pytest.mark.parametrize(
    ("rule", "denied"),
    [
        ("topic read #", True),
        ("topic write #", True),
        ("topic readwrite homeassistant/#", True),
        ("topic readwrite cam/#\ntopic write homeassistant/#", False),
    ],
)
def test_access_rules_that_deny_are_said(
    broker: Callable[..., Broker],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rule: str,
    denied: bool,
) -> None:
    """A broker acknowledges what it throws away, and accepts subscriptions that it never serves."""
    monkeypatch.setattr(publishing, "_ECHO_S", 1.0)
    (tmp_path / "acl").write_text(f"{rule}\n")
    (tmp_path / "acl").chmod(0o644)
    one = sink(broker("allow_anonymous true", f"acl_file {tmp_path}/acl").port)
    wait_for(lambda: not failing(one))
    end, reasons = time.monotonic() + 4, set()
    while time.monotonic() < end and not reasons:
        try:
            one.on_event(event("Coat"))
        except OSError as error:
            reasons.add(str(error))
        time.sleep(0.05)
    assert bool(reasons) == denied, reasons
    assert all("access rules (ACL)" in why and "cam/#" in why for why in reasons)
    one.close()


def test_access_rules_that_change_meanwhile_are_said_too(
    broker: Callable[..., Broker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_ECHO_S", 1.0)
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite #\n")
    rules.chmod(0o644)
    server = broker("allow_anonymous true", f"acl_file {rules}")
    one = sink(server.port)
    wait_for(lambda: not failing(one))
    time.sleep(1.5)
    assert not failing(one)
    rules.write_text("topic read #\n")
    server.send(signal.SIGHUP)

    def denied() -> bool:
        try:
            one.on_event(event("Bag", changed=True))
        except OSError as error:
            return "access rules (ACL)" in str(error)
        return False

    wait_for(denied)
    rules.write_text("topic readwrite #\n")
    server.send(signal.SIGHUP)
    wait_for(lambda: not denied())
    one.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_tls_with_an_authority_of_our_own_and_a_wrong_one(
    broker: Callable[..., Broker], run_cli: RunCli, tmp_path: Path
) -> None:
    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=tmp_path)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "other"):
        subject = ("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
        openssl("req", "-x509", *key, "-days", "2", *subject)
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (tmp_path / "san").write_text("subjectAltName=DNS:localhost")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    openssl("x509", "-req", "-in", "server.csr", *signed, "-extfile", "san", "-out", "server.pem")
    files = (f"certfile {tmp_path}/server.pem", f"keyfile {tmp_path}/server.key")
    port = broker("allow_anonymous true", *files).port
    words = ("camera", "--source", "demo", "--frames", "15", "--mqtt", f"mqtts://localhost:{port}")
    good = run_cli(*words, "--mqtt-ca", tmp_path / "ca.pem")
    assert good.returncode == 0 and good.stderr == ""
    for host, authority, why in (
        ("localhost", tmp_path / "other.pem", "certificate"),
        ("localhost", None, "certificate"),  # the system's authorities do not know ours
        ("127.0.0.1", tmp_path / "ca.pem", "IP address mismatch"),
    ):
        ours = open_mqtt(
            MqttConfig(
                url=f"mqtts://{host}:{port}", ca_file=authority, model=ModelInUse(name="edge")
            )
        )
        wait_for(lambda ours=ours: failing(ours))
        with pytest.raises(ConnectionError, match=f"{host}:{port}: .*{why}"):
            ours.on_event(event("Bag"))
        with pytest.raises(OSError, match="never reached"):
            ours.close()
    with pytest.raises(UsageError, match="--mqtt-ca"):
        read_broker("mqtts://h", None, tmp_path / "server.key")
    with pytest.raises(UsageError, match="No such file"):
        read_broker("mqtts://h", None, tmp_path / "nowhere.pem")


# The options.


def test_url_forms() -> None:
    plain = read_broker("mqtt://pi", None, None)
    assert (plain.host, plain.port, plain.tls, plain.user) == ("pi", 1883, None, None)
    assert plain.topic.startswith("edgefmnist/") and plain.where == "pi:1883"
    full = read_broker("mqtts://me%40home@[::1]:99/a/b%20c/", None, None)
    assert (full.host, full.port, full.user, full.topic) == ("::1", 99, "me@home", "a/b c")
    assert full.tls is not None and full.where == "[::1]:99"


@pytest.mark.parametrize(
    "url",
    [
        *("", "pi", "http://pi", "mqtt://", "mqtt://[::1", "mqtt://pi:0", "mqtt://pi:99999"),
        *("mqtt://pi:abc", "mqtt://pi/+/a", "mqtt://pi/a#b", "mqtt://pi/a%23", "mqtt://pi/$SYS/a"),
        *("mqtt://pi/?a=b", "mqtt://a..b", "mqtt://a b", "mqtt://pi/%00"),
        *("mqtt://pi/a/#", "mqtt://pi/a?", "mqtt://pi/a\nb", "mqtt://pi/a\tb"),
    ],
)
def test_wrong_urls(url: str) -> None:
    with pytest.raises(UsageError, match="--mqtt: "):
        read_broker(url, None, None)


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://pi:hunter2@h",
        "mqtts://pi:hunter2@h/t",
        "mqtt://pi:hunter2/x@h",
        "mqtt://p:hunter2#@h",
    ],
)
def test_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="EDGEFMNIST_MQTT_PASSWORD") as refused:
        read_broker(url, None, None)
    assert "hunter2" not in str(refused.value)


def test_password_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text(" with blanks \r\n")
    monkeypatch.setenv("EDGEFMNIST_MQTT_PASSWORD", "other")
    broker = read_broker("mqtt://me@pi", file, None)
    assert broker.password == " with blanks " and "blanks" not in repr(broker)
    assert read_broker("mqtt://me@pi", None, None).password == "other"
    file.write_bytes(b"\xef\xbb\xbfsecret\r\n")
    assert read_broker("mqtt://me@pi", file, None).password == "secret"
    for wrong in (Path("/dev/zero"), file):
        file.write_text("long " * 1000)
        with pytest.raises(UsageError, match="not a password"):
            read_broker("mqtt://me@pi", wrong, None)
    with pytest.raises(UsageError, match="needs a user"):
        read_broker("mqtt://pi", None, None)
    file.write_text("\nsecond\n")
    with pytest.raises(UsageError, match="first line is empty"):
        read_broker("mqtt://me@pi", file, None)
    with pytest.raises(UsageError, match="No such file"):
        read_broker("mqtt://me@pi", tmp_path / "nowhere", None)
    with pytest.raises(UsageError, match="--mqtt-ca needs"):
        read_broker("mqtt://me@pi", None, tmp_path / "ca.pem")


def test_without_paho_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "edgefmnist.camera.sinks.mqtt.publisher")
    for module in ("paho.mqtt.client", "paho.mqtt.enums"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependency, match=r"edgefmnist\[mqtt\]"):
        open_mqtt(MqttConfig(url="mqtt://pi", model=ModelInUse(name="edge")))
