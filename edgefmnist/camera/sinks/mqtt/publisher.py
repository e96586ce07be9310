"""Delivers retained messages, each at least once, to a broker that comes and goes."""

from __future__ import annotations

import collections
import dataclasses
import errno
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from edgefmnist import json_text
from edgefmnist.camera.sinks.mqtt.broker import Broker
from edgefmnist.camera.sinks.mqtt.discovery import BIRTH_TOPIC
from edgefmnist.camera.sinks.mqtt.identity import Session

QUEUE = 1000
"""Messages that wait for a broker at most, 0.3 MB: at a change every ten seconds almost 3 hours."""

_KEEPALIVE_S = 30  # the broker is asked so often whether it lives, and says `offline` after 45
_CONNECT_S = 5
_ANSWER_S = 10  # in which a broker accepts us, or is said not to
_RETRY_S = (1, 30)  # from one attempt to the next: doubled from the first to the second
_SOON_S, _FIGHTS = 60, 3  # a connection that lasts less is a short one; so many are no chance
_SETTLE_S, _CORRECT_S = 2.0, 10.0  # before a correction, and from one to the next
_DELIVER_S, _LEAVE_S = 1.5, 0.4  # of `close`
_ECHO_S = 5.0  # in which our own availability comes back from a broker that passes it on


_NO_ANSWER = "it does not answer as a broker does"
_DENIED = "it passes none of ours on: its access rules (ACL) must let this user write and read"
_FIGHT = (
    "it ends each connection soon: is there another client with the same topic and client id, "
    "or may this user not write there?"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One retained message of QoS 1."""

    topic: str
    payload: str


def _messages(standing: Mapping[str, Mapping[str, Any]]) -> tuple[Message, ...]:
    return tuple(Message(topic, json_text.dumps(fields)) for topic, fields in standing.items())


class Publisher:
    """A connection that restores itself, behind a bounded queue.

    paho's thread connects, again and again, and moves bytes. A second thread takes one message
    after the other from our queue, hands it to paho, and waits for the broker's word that it has
    it (PUBACK). paho repeats what was under way when the connection broke. So the order stays, a
    message may come twice but is not lost, and where the queue overflows the *oldest* go: in
    paho's own queue it would be the newest, and the broker would keep an outdated state.

    A broker may forget even what is retained when it restarts, and Home Assistant when it does. So
    after each connect, and when Home Assistant says that it has started, what stands is told anew:
    `standing`, and the newest message of each topic. The same where somebody else wrote to our
    availability while we are live: an earlier run's will that came late, another run that ended.

    A broker of MQTT 3.1.1 acknowledges also what its access rules have it throw away. What tells is
    our own availability and state, which come back from one that passes them on.
    """

    def __init__(
        self, broker: Broker, will: Message, standing: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Begin to connect. will: what the broker says where we vanish. standing: see `stand`."""
        self.lost = 0
        self.session = Session(broker.where, broker.topic)
        self._where = broker.where
        self._ours = {will.topic, f"{broker.topic}/state"}  # read along
        self._will = will
        self._standing = _messages(standing)
        self._newest: dict[str, Message] = {}
        self._told: dict[str, Message] = {}  # delivered in this connection, by topic
        self._queue: collections.deque[Message] = collections.deque()
        self._under_way: Message | None = None
        self._acknowledged: set[int] = set()
        self._trouble = ""  # why there is no connection; empty at first, and while there is one
        self._kind = 0  # an errno: what the trouble has to do with
        self._connected = self._refused = self._closing = self._over = False
        self._began_s = time.monotonic()  # of this connection; of the first attempt, before it
        self._short = 0  # connections in a row that ended soon
        self._contested_s: float | None = None  # since when our availability is another's
        self._corrected_s = float("-inf")
        self._echoes = 0  # of messages on `_ours`
        self._silent_s: float | None = None  # since when one that it has did not come back
        # Guards all of the above. Never held in a call of paho, which calls us back holding locks
        # of its own.
        self._changed = threading.Condition()
        self._client = self._connect(broker)
        self._sender = threading.Thread(target=self._send, name="mqtt-sender", daemon=True)
        self._sender.start()

    def put(self, topic: str, payload: str) -> None:
        """Queue one message; never waits."""
        message = Message(topic, payload)
        with self._changed:
            if len(self._queue) == QUEUE:
                self._queue.popleft()
                self.lost += 1
            self._queue.append(message)
            self._newest[topic] = message
            self._changed.notify_all()

    def stand(self, standing: Mapping[str, Mapping[str, Any]]) -> None:
        """Have these stand, topic to fields, before what is queued; never waits."""
        with self._changed:
            self._standing = _messages(standing)
            self._changed.notify_all()

    def check(self) -> None:
        """Raises: OSError while nothing gets through; its errno is another for another kind."""
        with self._changed:
            waited_s = time.monotonic() - self._began_s
            if not self._connected and not self._trouble and waited_s > _ANSWER_S:
                self._not_connected(_NO_ANSWER, errno.ETIMEDOUT)
            if self._silent_s is not None and time.monotonic() - self._silent_s > _ECHO_S:
                denied = f"{self._where}: {_DENIED} {self._will.topic.rpartition('/')[0]}/#"
                raise OSError(errno.EACCES, denied)
            if not self._trouble:
                return
            if self.lost and len(self._queue) == QUEUE:
                told = f"{self._trouble}; {QUEUE:,} changes wait, the oldest are dropped now"
                raise OSError(errno.ENOBUFS, told)
            raise ConnectionError(self._kind, self._trouble)

    def close(self) -> None:
        """Deliver what waits, within two seconds. Raises: OSError that tells what was lost."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._sender.join(_DELIVER_S)
        with self._changed:
            self._over = True
            left = [*self._queue, *([self._under_way] if self._under_way else [])]
            # Where `offline` is left over, the broker says it itself.
            lost = self.lost + sum(message.topic != self._will.topic for message in left)
            self._changed.notify_all()
        if not left:  # otherwise we go without a goodbye, and the broker speaks our will
            self._client.disconnect()
            stop = threading.Thread(target=self._client.loop_stop, daemon=True)
            stop.start()
            stop.join(_LEAVE_S)  # its thread may be in a connect or a look-up
        self.session.close()
        if lost:
            changes = "1 change" if lost == 1 else f"{lost:,} changes"
            raise OSError(f"{changes} never reached {self._where}")

    def _connect(self, broker: Broker) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=self.session.client_id)
        client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls is not None:
            client.tls_set_context(broker.tls)
        client.reconnect_delay_set(*_RETRY_S)
        client.connect_timeout = _CONNECT_S
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.connect_async(broker.host, broker.port, keepalive=_KEEPALIVE_S)
        client.loop_start()
        return client

    # The sender's thread.

    def _send(self) -> None:
        while (message := self._pick()) is not None:
            told, echoes = self._told, self._echoes
            self._acknowledged.clear()
            sent = self._client.publish(message.topic, message.payload, qos=1, retain=True)
            if self._delivered(sent.mid):
                told[message.topic] = message
                self._expect_echo(message, echoes)

    def _expect_echo(self, message: Message, echoes: int) -> None:
        """Of a message that the broker has. echoes: how many had come before it was sent."""
        with self._changed:
            if message.topic in self._ours and self._echoes == echoes:
                self._silent_s = self._silent_s or time.monotonic()

    def _delivered(self, number: int) -> bool:
        """Wait until the broker has the message, through any loss of connection, or the end."""
        with self._changed:
            self._changed.wait_for(lambda: number in self._acknowledged or self._over)
            if number not in self._acknowledged:
                return False
            self._under_way = None
            return True

    def _pick(self) -> Message | None:
        """The next message, once there is one and a connection; None at the end."""
        with self._changed:
            while not self._over:
                self._under_way = self._next() if self._connected else None
                if self._under_way is not None:
                    return self._under_way
                if self._closing and (self._connected or self._trouble):
                    return None  # nothing is left, or there is nobody to give it to
                self._changed.wait(self._correct())
            return None

    def _correct(self) -> float | None:
        """Tell all anew where our availability is another's for good; else seconds until then."""
        if self._contested_s is None:
            return None
        due_s = max(self._contested_s + _SETTLE_S, self._corrected_s + _CORRECT_S)
        left_s = due_s - time.monotonic()
        if left_s > 0:
            return left_s
        self._contested_s = None
        self._corrected_s = time.monotonic()
        self._told = {}
        return 0.0

    def _next(self) -> Message | None:
        for message in self._standing:
            if self._told.get(message.topic) != message:
                return message
        if self._queue:
            return self._queue.popleft()
        for message in self._newest.values():
            if self._told.get(message.topic) is not message:
                return message
        return None

    # paho's thread.

    def _on_connect(self, client: Client, _: Any, flags: Any, reason: Any, more: Any) -> None:
        with self._changed:
            self._connected, self._refused = not reason.is_failure, reason.is_failure
            self._began_s = time.monotonic()
            self._contested_s = self._silent_s = None
            self._trouble = ""
            if reason.is_failure:
                self._not_connected(str(reason), errno.EACCES)
            self._told = {}
            self._changed.notify_all()
        if not reason.is_failure:
            client.subscribe([(BIRTH_TOPIC, 1), *((topic, 1) for topic in self._ours)])

    def _on_connect_fail(self, client: Client, _: Any) -> None:
        error = sys.exc_info()[1]  # paho calls from where it caught it, and does not hand it over
        reason = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or error
        kind = errno.EPROTO if isinstance(error, ssl.SSLError) else errno.ENOTCONN
        with self._changed:
            self._not_connected(str(reason or "no answer"), kind)

    def _on_disconnect(self, client: Client, _: Any, flags: Any, reason: Any, more: Any) -> None:
        with self._changed:
            if self._connected:
                self._connected, self._silent_s = False, None
                self._lost(client)
            elif not self._refused:  # otherwise why is known better
                self._not_connected(_NO_ANSWER, errno.ETIMEDOUT)
            self._refused = False

    def _lost(self, client: Client) -> None:
        """The more connections ended soon, the later the next attempt comes."""
        soon = time.monotonic() - self._began_s < _SOON_S
        self._short = self._short + 1 if soon else 0
        first_s, most_s = _RETRY_S
        client.reconnect_delay_set(min(first_s * 2 ** max(0, self._short - 1), most_s), most_s)
        if self._short >= _FIGHTS:
            self._not_connected(_FIGHT, errno.EADDRINUSE)
        else:
            self._not_connected("the connection was lost", errno.ENOTCONN)

    def _on_publish(self, client: Client, _: Any, mid: int, reason: Any, more: Any) -> None:
        with self._changed:
            self._acknowledged.add(mid)
            self._changed.notify_all()

    def _on_message(self, client: Client, _: Any, message: MQTTMessage) -> None:
        with self._changed:
            if message.topic in self._ours:
                self._echoes += 1
                self._silent_s = None
            if message.topic == self._will.topic:
                # Our own messages come back too: one that is not the newest is followed by it.
                newest = self._newest.get(self._will.topic, self._will).payload
                vanished = self._will.payload
                contested = newest != vanished and message.payload != newest.encode()
                self._contested_s = time.monotonic() if contested else None
            elif message.payload == b"online" and not message.retain:
                self._told = {}
            self._changed.notify_all()

    def _not_connected(self, reason: str, kind: int) -> None:
        self._trouble = f"not connected to {self._where}: {reason}"
        self._kind = kind
