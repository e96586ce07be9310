"""The webcam that is a program keeps to the rules of the hardware that it stands in for."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.machine import pictures, usbredir, uvc
from tests.machine.usbredir import Kind, Packet, Status
from tests.machine.uvc import Format, Mode, Model
from tests.machine.webcam import Device, Fault, Stream, Webcam

ALL = Model(
    formats=(
        Format(kind="yuyv"),
        Format(kind="mjpg", sizes=((640, 480), (1280, 720)), rates=(30, 5)),
        Format(kind="grey", sizes=((322, 242),), rates=(5,)),
    )
)
SIZE = (320, 240)
_BULK = struct.Struct("<BBHIH")


class Clock:
    """A guest's time that stands still."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def descriptors(data: bytes) -> Iterator[bytes]:
    """The descriptors in `data`, each as long as it says."""
    while data:
        assert 2 <= data[0] <= len(data)
        yield data[: data[0]]
        data = data[data[0] :]


def packets(data: bytes) -> list[Packet]:
    """What the camera sent after its hello."""
    parser = usbredir.Parser()
    assert [one.kind for one in parser.feed(usbredir.hello("test"))] == [Kind.HELLO]
    return list(parser.feed(data))


def control(
    device: Device,
    request_type: int,
    request: int,
    value: int,
    index: int,
    data: bytes = b"",
    length: int = 0,
) -> tuple[int, bytes]:
    """Status and data of a transfer on endpoint 0."""
    length = length or len(data) or 4096
    body = struct.pack(
        "<BBBBHHH", request_type & 0x80, request, request_type, 0, value, index, length
    )
    (answer,) = packets(device.receive(Packet(kind=Kind.CONTROL, number=7, body=body + data)))
    assert answer.kind == Kind.CONTROL and answer.number == 7
    return answer.body[3], answer.body[10:]


def commit(device: Device, mode: Mode) -> Mode:
    """Agree on a mode as a driver does: probe, read back, commit."""
    wanted = struct.pack("<HBBI", 1, mode.format, mode.frame, mode.interval).ljust(26, b"\0")
    assert control(device, 0x21, 0x01, 0x0100, 1, wanted) == (Status.SUCCESS, b"")
    status, given = control(device, 0xA1, 0x81, 0x0100, 1, length=26)
    assert status == Status.SUCCESS and len(given) == 26
    control(device, 0x21, 0x01, 0x0200, 1, given)
    _, number, frame, interval = struct.unpack_from("<HBBI", given)
    return Mode(format=number, frame=frame, interval=interval)


def ask(device: Device, count: int = 1) -> None:
    """Hand over `count` bulk transfers."""
    for number in range(count):
        low = _BULK.pack(uvc.ENDPOINT, 0, uvc.BULK_BYTES, 0, 0)
        assert device.receive(Packet(kind=Kind.BULK, number=number, body=low)) == b""


def payloads(data: bytes) -> list[bytes]:
    """Of bulk transfers that ended well."""
    found = packets(data)
    assert all(one.kind == Kind.BULK and one.body[1] == Status.SUCCESS for one in found)
    return [one.body[_BULK.size :] for one in found]


def picture(device: Device) -> tuple[bytes, list[int]]:
    """The next picture, and the flags of its payloads."""
    data, flags = b"", []
    while not flags or not flags[-1] & 2:
        ask(device)
        (one,) = payloads(device.produce())
        assert one[0] == 2 and one[1] & 0x80 and len(one) <= uvc.BULK_BYTES
        flags.append(one[1])
        data += one[2:]
    return data, flags


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stream() -> Stream:
    return Stream(ALL)


@pytest.fixture
def device(stream: Stream, clock: Clock) -> Device:
    return Device(ALL, stream, clock)


@pytest.mark.parametrize("iso", [False, True])
def test_the_configuration_adds_up(iso: bool) -> None:
    model = Model(formats=ALL.formats, iso=iso)
    data = uvc.configuration_descriptor(model)
    first, *rest = descriptors(data)
    assert first[1] == 2 and struct.unpack_from("<H", first, 2)[0] == len(data) and first[4] == 2
    headers = [one for one in rest if one[1:3] == b"\x24\x01"]  # of control and of streaming
    assert [one[0] for one in headers] == [13, 13 + len(model.formats)]
    at = data.index(headers[1])
    (total,) = struct.unpack_from("<H", headers[1], 4)
    inside = list(descriptors(data[at : at + total]))
    assert all(one[1] == 0x24 for one in inside)
    following = data[at + total :]
    assert following[1] == (4 if iso else 5)  # the next setting, or the endpoint
    formats = [one for one in inside if one[2] in (4, 6)]
    frames = [one for one in inside if one[2] in (5, 7)]
    assert [one[3] for one in formats] == [1, 2, 3]
    assert [one[4] for one in formats] == [2, 2, 1] and len(frames) == 5
    for one in frames:
        most, fastest, count = struct.unpack_from("<IIB", one, 17)
        assert len(one) == 26 + 4 * count and most > 0
        intervals = struct.unpack_from(f"<{count}I", one, 26)
        assert intervals[0] == fastest == min(intervals)


def test_descriptors_are_handed_out_as_far_as_asked(device: Device) -> None:
    assert control(device, 0x80, 6, 0x0100, 0, length=8)[1] == uvc.device_descriptor()[:8]
    assert control(device, 0x80, 6, 0x0200, 0)[1] == uvc.configuration_descriptor(ALL)
    status, name = control(device, 0x80, 6, 0x0302, 0x0409)
    assert status == Status.SUCCESS and name[2:].decode("utf-16le") == ALL.name
    assert control(device, 0x80, 6, 0x0309, 0x0409)[0] == Status.STALL


def test_it_connects_with_its_endpoints(device: Device) -> None:
    sent = packets(device.receive(Packet(kind=Kind.HELLO, number=0, body=b"")))
    assert [one.kind for one in sent] == [Kind.INTERFACE_INFO, Kind.EP_INFO, Kind.DEVICE_CONNECT]
    kinds, most = sent[1].body[:32], struct.unpack_from("<32H", sent[1].body, 96)
    assert (kinds[17], most[17]) == (2, 512) and kinds[0] == kinds[16] == 0
    assert set(kinds[1:16]) == {255}


def test_negotiation_gives_the_nearest_mode(device: Device) -> None:
    asked = Mode(format=2, frame=2, interval=1_500_000)
    assert commit(device, asked) == Mode(format=2, frame=2, interval=2_000_000)
    assert commit(device, Mode(format=9, frame=9)) == Mode(format=1, frame=1, interval=333_333)
    assert control(device, 0xA1, 0x81, 0x0500, 1)[0] == Status.STALL  # a control it has not


@pytest.mark.parametrize(("mode", "kind", "size"), [
    (Mode(format=1, frame=2), "yuyv", SIZE),
    (Mode(format=2, frame=1), "mjpg", (640, 480)),
    (Mode(format=3, frame=1), "grey", (322, 242)),
])  # fmt: skip
def test_pictures_come_whole(
    device: Device, clock: Clock, mode: Mode, kind: uvc.Kind, size: tuple[int, int]
) -> None:
    agreed = commit(device, mode)
    seen = []
    for _ in range(3):
        data, flags = picture(device)
        assert len({flag & 1 for flag in flags}) == 1  # one toggle in one picture
        assert [flag & 2 for flag in flags[:-1]] == [0] * (len(flags) - 1)
        assert not any(flag & 0x40 for flag in flags)
        seen.append((data, flags[0] & 1))
        clock.now_s += agreed.interval / 1e7
    assert [toggle for _, toggle in seen] in ([0, 1, 0], [1, 0, 1])
    assert len({data for data, _ in seen}) == 3
    data = seen[0][0]
    if kind == "mjpg":
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert decoded.shape == (size[1], size[0], 3)
    else:
        assert len(data) == uvc.picture_bytes(kind, size)


def test_nothing_comes_before_its_time(device: Device, stream: Stream, clock: Clock) -> None:
    commit(device, Mode(format=1, frame=2, interval=2_000_000))
    picture(device)
    ask(device)
    clock.now_s = 0.19
    assert device.produce() == b""
    clock.now_s = 0.2
    assert len(payloads(device.produce())) == 1
    stream.rate = 2.0
    assert stream.sent == 1


def test_a_host_that_was_away_gets_no_old_pictures(
    device: Device, stream: Stream, clock: Clock
) -> None:
    commit(device, Mode(format=1, frame=2, interval=1_000_000))
    picture(device)
    clock.now_s = 60.0
    ask(device, 1000)
    device.produce()
    assert stream.sent <= 5


@pytest.mark.parametrize("fault", ["freeze", "black", "cut", "noise", "short", "error-bit"])
@pytest.mark.parametrize("number", [1, 2])
def test_faults(device: Device, stream: Stream, clock: Clock, fault: Fault, number: int) -> None:
    agreed = commit(device, Mode(format=number, frame=1))
    whole, _ = picture(device)
    stream.fault = fault
    got = []
    for _ in range(2):
        clock.now_s += agreed.interval / 1e7
        got.append(picture(device))
    (first, flags), (second, _) = got
    if fault != "short" or number == 1:
        assert (first == second) == (fault in ("freeze", "black"))
    assert all(bool(flag & 0x40) == (fault == "error-bit") for flag in flags)
    if fault in ("cut", "short"):
        assert len(first) < 0.8 * len(whole)
    if fault == "black" and number == 1:
        assert set(first[0::2]) == {0} or max(first[0::2]) <= 16


def test_a_stalled_camera_sends_nothing_and_keeps_the_transfer(
    device: Device, stream: Stream, clock: Clock
) -> None:
    commit(device, Mode())
    stream.fault = "stall"
    ask(device)
    clock.now_s = 9.0
    assert device.produce() == b""
    stream.fault = ""
    assert len(payloads(device.produce())) == 1


def test_a_halted_endpoint_refuses_until_it_is_cleared(device: Device, stream: Stream) -> None:
    commit(device, Mode())
    stream.fault = "halt"
    ask(device)
    (refused,) = packets(device.produce())
    assert refused.body[1] == Status.STALL
    stream.fault = ""
    ask(device)
    (refused,) = packets(device.produce())
    assert refused.body[1] == Status.STALL
    assert control(device, 0x02, 1, 0, uvc.ENDPOINT)[0] == Status.SUCCESS
    ask(device)
    assert len(payloads(device.produce())) == 1


def test_cancelled_transfers_are_given_back(device: Device) -> None:
    commit(device, Mode())
    ask(device, 2)
    given = device.receive(Packet(kind=Kind.CANCEL_DATA_PACKET, number=1, body=b""))
    assert packets(given)[0].body[1] == Status.CANCELLED
    assert len(payloads(device.produce())) == 1


def test_isochronous_packets_come_every_millisecond(clock: Clock) -> None:
    model = Model(iso=True)
    stream = Stream(model)
    device = Device(model, stream, clock)
    commit(device, Mode(format=2, frame=2))
    setting = device.receive(Packet(kind=Kind.SET_ALT_SETTING, number=1, body=bytes([1, 1])))
    kinds = packets(setting)[1].body[:32]
    assert kinds[17] == 1  # the endpoint is there with this setting alone
    device.receive(Packet(kind=Kind.START_ISO_STREAM, number=2, body=bytes([uvc.ENDPOINT, 8, 4])))
    clock.now_s = 0.0995
    sent = packets(device.produce())
    assert len(sent) == 100 and all(one.kind == Kind.ISO for one in sent)
    assert all(len(one.body) <= 4 + uvc.ISO_BYTES for one in sent)
    assert stream.sent >= 2
    device.receive(Packet(kind=Kind.STOP_ISO_STREAM, number=3, body=bytes([uvc.ENDPOINT])))
    clock.now_s = 1.0
    assert device.produce() == b""


def test_packets_may_come_in_pieces() -> None:
    whole = usbredir.hello("a") + usbredir.packet(Kind.RESET, 1)
    whole += usbredir.bulk(2, 0x81, Status.SUCCESS, bytes(70_000))
    parser = usbredir.Parser()
    found = [one for at in range(0, len(whole), 999) for one in parser.feed(whole[at : at + 999])]
    assert [(one.kind, one.number) for one in found] == [(0, 0), (Kind.RESET, 1), (Kind.BULK, 2)]
    assert usbredir.bulk_asked(found[2].body) == 70_000


def test_the_pictures_are_scenes(tmp_path: Path) -> None:
    made = pictures.scenes("mjpg", SIZE)
    assert len(set(made)) == pictures.COUNT
    assert pictures.noisy(made[0], 1) != made[0]


def test_plugging_and_unplugging(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        webcam = Webcam(tmp_path / "bus", time.monotonic)
        for _ in range(2):
            webcam.plug()
            link, _ = bus.accept()
            with link, link.makefile("rb") as words:
                assert words.read(80) == usbredir.hello("webcam of the tests")
                link.sendall(usbredir.hello("host"))
                kinds = [struct.unpack("<IIQ", words.read(16))]
                words.read(kinds[0][1])
                assert kinds[0][0] == Kind.INTERFACE_INFO
                webcam.unplug()
                assert struct.pack("<IIQ", Kind.DEVICE_DISCONNECT, 0, 0) in words.read()
        webcam.close()
