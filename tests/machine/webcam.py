"""A USB webcam that is a program: QEMU's usb-redir brings it to the guest's own drivers.

It stands in for hardware and keeps to that hardware's rules (`uvc`), except for the fault that it
is set to. It goes by the guest's clock: where the guest stands still, no picture is due.
"""

from __future__ import annotations

import collections
import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from tests.machine import pictures, usbredir, uvc
from tests.machine.usbredir import Endpoint, EndpointType, Kind, Packet, Status

Fault = Literal["", "stall", "freeze", "black", "cut", "noise", "short", "error-bit", "halt"]
"""What ails the camera: it sends nothing more, the same picture again and again, black ones, ones
that end early, JPEGs with changed bytes, pictures of half their size, ones marked as damaged; its
endpoint refuses transfers until the host clears it and the fault is over."""

_ISO_S = 0.001  # between two packets: `uvc.ISO_INTERVAL`
_LATE_S = 0.2  # a camera whose host did not take pictures for so long leaves them out
_LOOK_S = 0.005


class Stream:
    """The pictures that a camera sends in one mode, cut into payloads."""

    def __init__(self, model: uvc.Model) -> None:
        """Not streaming."""
        self.fault: Fault = ""
        self.rate: float | None = None  # frames a second, instead of the rate agreed on
        self.sent = 0  # whole pictures
        self.streaming = False
        self._model = model
        self._mode = uvc.nearest(model, uvc.Mode())
        self._toggle = self._shown = 0
        self._left: bytes | None = None
        self._due_s = 0.0

    def start(self, mode: uvc.Mode | None, now_s: float) -> None:
        """Stream in `mode` from now on."""
        self.streaming, self._left, self._due_s = True, None, now_s
        self._mode = mode or self._mode

    def stop(self) -> None:
        """Send nothing more; a picture that was begun is dropped."""
        self.streaming, self._left = False, None

    def payload(self, most: int, now_s: float) -> bytes | None:
        """The next payload of at most `most` bytes; None where nothing is due."""
        if not self.streaming or self.fault == "stall":
            return None
        if self._left is None:
            if now_s < self._due_s:
                return None
            self._due_s = max(self._due_s + self._interval_s(), now_s - _LATE_S)
            self._left = self._picture()
        part, self._left = self._left[: most - 2], self._left[most - 2 :]
        last, toggle = not self._left, self._toggle
        if last:
            self._left = None
            self._toggle ^= 1
            self.sent += 1
        return uvc.payload(part, toggle=toggle, last=last, error=self.fault == "error-bit")

    def nothing(self) -> bytes:
        """A payload that only says that the camera is there: for isochronous packets."""
        return uvc.payload(b"", toggle=self._toggle, last=False)

    def _interval_s(self) -> float:
        return 1 / self.rate if self.rate else self._mode.of(self._model)[2]

    def _picture(self) -> bytes:
        kind, size, _ = self._mode.of(self._model)
        if self.fault != "freeze":
            self._shown += 1
        data = pictures.scenes(kind, size)[self._shown % pictures.COUNT]
        if self.fault == "black":
            return pictures.black(kind, size)
        if self.fault == "noise" and kind == "mjpg":
            return pictures.noisy(data, self._shown)
        if self.fault == "cut":
            return data[: len(data) * 2 // 3]
        if self.fault == "short":
            return data[: len(data) // 2] if kind != "mjpg" else data[:20]
        return data


class Device:
    """The camera as the bus sees it: answers to packets, and the packets of its stream."""

    def __init__(self, model: uvc.Model, stream: Stream, clock: Callable[[], float]) -> None:
        """Just plugged in: not configured."""
        self._model = model
        self._stream = stream
        self._clock = clock
        self._negotiation = uvc.Negotiation(model)
        self._setting = 0
        self._configuration = 0
        self._asked: collections.deque[tuple[int, int]] = collections.deque()  # bulk: id, bytes
        self._iso_due_s = 0.0
        self._iso_count = 0
        self._halted = False

    def receive(self, one: Packet) -> bytes:
        """What the camera answers at once."""
        number, body = one.number, one.body
        if one.kind == Kind.HELLO:
            return self._infos() + usbredir.connect(
                (0xEF, 2, 1), uvc.VENDOR, uvc.PRODUCT, uvc.VERSION
            )
        if one.kind == Kind.RESET:
            return self._reset()
        if one.kind == Kind.SET_CONFIGURATION:
            self._configuration, self._setting = body[0], 0
            return self._infos() + self._configuration_status(number)
        if one.kind == Kind.GET_CONFIGURATION:
            return self._configuration_status(number)
        if one.kind == Kind.SET_ALT_SETTING:
            return self._set_alt(body[0], body[1]) + self._alt_status(number, body[0])
        if one.kind == Kind.GET_ALT_SETTING:
            return self._alt_status(number, body[0])
        if one.kind in (Kind.START_ISO_STREAM, Kind.STOP_ISO_STREAM):
            return self._iso(number, body[0], start=one.kind == Kind.START_ISO_STREAM)
        if one.kind == Kind.BULK:
            self._asked.append((number, usbredir.bulk_asked(body)))
            if not self._stream.streaming:
                self._stream.start(self._negotiation.committed, self._clock())
            return b""
        if one.kind == Kind.CANCEL_DATA_PACKET:
            return self._cancel(number)
        if one.kind == Kind.CONTROL:
            asked = usbredir.control_asked(body)
            return usbredir.control(number, asked, self._control(asked))
        return b""

    def produce(self) -> bytes:
        """What of the stream is due by now."""
        if not self._stream.streaming:
            return b""
        if self._stream.fault == "halt":
            self._halted = True
        now_s = self._clock()
        return b"".join(self._produce_iso(now_s) if self._model.iso else self._produce_bulk(now_s))

    def _produce_bulk(self, now_s: float) -> Iterator[bytes]:
        while self._asked:
            number, most = self._asked[0]
            if self._halted:
                yield usbredir.bulk(number, uvc.ENDPOINT, Status.STALL)
            else:
                data = self._stream.payload(min(most, uvc.BULK_BYTES), now_s)
                if data is None:
                    return
                yield usbredir.bulk(number, uvc.ENDPOINT, Status.SUCCESS, data)
            self._asked.popleft()

    def _produce_iso(self, now_s: float) -> Iterator[bytes]:
        if now_s - self._iso_due_s > _LATE_S:
            self._iso_due_s = now_s
        while self._iso_due_s <= now_s and self._stream.fault not in ("stall", "halt"):
            self._iso_due_s += _ISO_S
            data = self._stream.payload(uvc.ISO_BYTES, now_s) or self._stream.nothing()
            self._iso_count += 1
            yield usbredir.iso(self._iso_count, uvc.ENDPOINT, data)

    def _infos(self) -> bytes:
        found = [Endpoint(address=0x00, kind=EndpointType.CONTROL)]
        found.append(Endpoint(address=0x80, kind=EndpointType.CONTROL))
        stream = {"address": uvc.ENDPOINT, "interface": 1}
        if not self._model.iso:
            found.append(Endpoint(kind=EndpointType.BULK, most_bytes=512, **stream))
        elif self._setting == 1:
            most = 1024 | 2 << 11
            found.append(
                Endpoint(
                    kind=EndpointType.ISOCHRONOUS,
                    interval=uvc.ISO_INTERVAL,
                    most_bytes=most,
                    **stream,
                )
            )
        return usbredir.interfaces([(0, 14, 1), (1, 14, 2)]) + usbredir.endpoints(found)

    def _reset(self) -> bytes:
        self._setting, self._halted = 0, False
        self._stream.stop()
        self._asked.clear()
        return b""

    def _configuration_status(self, number: int) -> bytes:
        body = bytes([Status.SUCCESS, self._configuration])
        return usbredir.packet(Kind.CONFIGURATION_STATUS, number, body)

    def _set_alt(self, interface: int, setting: int) -> bytes:
        if interface == 1:
            self._setting = setting
            if setting == 0:
                self._stream.stop()
        return self._infos()

    def _alt_status(self, number: int, interface: int) -> bytes:
        setting = self._setting if interface == 1 else 0
        body = bytes([Status.SUCCESS, interface, setting])
        return usbredir.packet(Kind.ALT_SETTING_STATUS, number, body)

    def _iso(self, number: int, endpoint: int, *, start: bool) -> bytes:
        if start:
            self._iso_due_s = self._clock()
            self._stream.start(self._negotiation.committed, self._iso_due_s)
        else:
            self._stream.stop()
        body = bytes([Status.SUCCESS, endpoint])
        return usbredir.packet(Kind.ISO_STREAM_STATUS, number, body)

    def _cancel(self, number: int) -> bytes:
        for one in [one for one in self._asked if one[0] == number]:
            self._asked.remove(one)
            return usbredir.bulk(number, uvc.ENDPOINT, Status.CANCELLED)
        return b""

    def _control(self, asked: usbredir.Control) -> bytes | None:
        """The data of a control transfer; None: refused."""
        if asked.request_type == 0x80 and asked.request == 6:
            return self._descriptor(asked.value >> 8, asked.value & 0xFF)
        if asked.request_type & 0x60 == 0:  # the other standard requests
            return self._standard(asked)
        if asked.index & 0xFF == 1 and asked.request_type == 0xA1:
            return self._negotiation.get(asked.request, asked.value >> 8)
        if asked.index & 0xFF == 1 and asked.request_type == 0x21:
            return self._negotiation.set(asked.request, asked.value >> 8, asked.data)
        return None

    def _descriptor(self, kind: int, index: int) -> bytes | None:
        if kind == 3:
            return uvc.string_descriptor(self._model, index)
        made: dict[int, Callable[[], bytes]] = {
            1: uvc.device_descriptor,
            2: lambda: uvc.configuration_descriptor(self._model),
            6: uvc.qualifier_descriptor,
        }
        return made[kind]() if kind in made else None

    def _standard(self, asked: usbredir.Control) -> bytes:
        if asked.request_type == 0x02 and asked.request == 1:  # endpoint halt cleared
            self._halted = False
            self._stream.stop()  # uvcvideo ends a bulk stream so
        if asked.request == 0 and asked.is_in:  # status
            return bytes([self._halted, 0])
        return b""


class Webcam:
    """A webcam for the usb-redir socket of a guest. Starts unplugged; `close` it at the end."""

    def __init__(
        self, address: Path, clock: Callable[[], float], model: uvc.Model | None = None
    ) -> None:
        """clock: the guest's time in seconds."""
        self.model = model or uvc.Model()
        self.stream = Stream(self.model)
        self._address = address
        self._clock = clock
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._device: Device | None = None
        self._parser = usbredir.Parser()
        self._over = False
        self.trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=self.model.name, daemon=True)
        self._thread.start()

    def set(self, fault: Fault = "") -> None:
        """Let `fault` ail the camera, or none."""
        self.stream.fault = fault

    def plug(self) -> None:
        """Connect the camera, whole: no fault is left from before. Raises: OSError."""
        with self._lock:
            assert self._socket is None, "it is plugged in"
            self.stream.stop()
            self.stream.fault = ""
            self._device = Device(self.model, self.stream, self._clock)
            self._parser = usbredir.Parser()
            link = socket.socket(socket.AF_UNIX)
            link.connect(str(self._address))
            link.sendall(usbredir.hello("webcam of the tests"))
            self._socket = link

    def unplug(self) -> None:
        """Pull the plug."""
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.sendall(usbredir.packet(Kind.DEVICE_DISCONNECT, 0))
                self._drop()

    def close(self) -> None:
        """Unplug for good. Raises whatever ended the camera before its time."""
        self.unplug()
        self._over = True
        self._thread.join()
        if self.trouble is not None:
            raise self.trouble

    def _drop(self) -> None:
        assert self._socket is not None
        self._socket.close()
        self._socket = self._device = None
        self.stream.stop()

    def _run(self) -> None:
        try:
            while not self._over:
                link = self._socket
                if link is None:
                    time.sleep(_LOOK_S)
                    continue
                with contextlib.suppress(OSError, ValueError):  # unplugged meanwhile
                    select.select([link], [], [], _LOOK_S)
                with self._lock:
                    if self._socket is link:
                        self._step(link)
        except BaseException as error:
            self.trouble = error

    def _step(self, link: socket.socket) -> None:
        """Take what came, send what is due; a guest that is gone counts as unplugged."""
        assert self._device is not None
        try:
            answers = b""
            with contextlib.suppress(BlockingIOError):
                data = link.recv(1 << 16, socket.MSG_DONTWAIT)
                if not data:
                    raise ConnectionResetError
                answers = b"".join(self._device.receive(one) for one in self._parser.feed(data))
            answers += self._device.produce()
            link.sendall(answers)
        except OSError:
            self._drop()
