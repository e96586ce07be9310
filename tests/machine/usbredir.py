"""The usb-redir protocol from the side of the device, as QEMU's ``-device usb-redir`` speaks it.

Source: "USB Network Redirection protocol description", version 0.7, and ``usbredirproto.h``.
Numbers are little-endian, structures packed. QEMU's xhci asks for three capabilities: 64-bit ids,
the largest packet of each endpoint, and bulk lengths of 32 bits.
"""

from __future__ import annotations

import dataclasses
import enum
import struct
from collections.abc import Iterator


class Kind(enum.IntEnum):
    """Types of packets."""

    HELLO = 0
    DEVICE_CONNECT = 1
    DEVICE_DISCONNECT = 2
    RESET = 3
    INTERFACE_INFO = 4
    EP_INFO = 5
    SET_CONFIGURATION = 6
    GET_CONFIGURATION = 7
    CONFIGURATION_STATUS = 8
    SET_ALT_SETTING = 9
    GET_ALT_SETTING = 10
    ALT_SETTING_STATUS = 11
    START_ISO_STREAM = 12
    STOP_ISO_STREAM = 13
    ISO_STREAM_STATUS = 14
    CANCEL_DATA_PACKET = 21
    CONTROL = 100
    BULK = 101
    ISO = 102


class Status(enum.IntEnum):
    """How a transfer ended."""

    SUCCESS = 0
    CANCELLED = 1
    INVALID = 2
    IO_ERROR = 3
    STALL = 4


class EndpointType(enum.IntEnum):
    """Types of endpoints, as USB numbers them."""

    CONTROL = 0
    ISOCHRONOUS = 1
    BULK = 2
    ABSENT = 255


HIGH_SPEED = 2
CAPABILITIES = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6
"""Version in the connect packet, disconnect acknowledged, and the three that QEMU asks for."""

_FIRST = struct.Struct("<III")  # type, length, id: of the hello
_HEADER = struct.Struct("<IIQ")  # the same with an id of 64 bits: of all others
_BULK = struct.Struct("<BBHIH")  # endpoint, status, length, stream, length >> 16
_CONTROL = struct.Struct("<BBBBHHH")  # endpoint, request, type, status, value, index, length
_VERSION = 64


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet. number: its id, by which an answer finds its question."""

    kind: int
    number: int
    body: bytes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A transfer on endpoint 0: the eight bytes of its set-up, and the data that came with it."""

    endpoint: int
    request: int
    request_type: int
    value: int
    index: int
    length: int
    data: bytes

    @property
    def is_in(self) -> bool:
        """Whether the device is to send data."""
        return bool(self.request_type & 0x80)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint of the device. interval: as in its descriptor. most_bytes: in one packet."""

    address: int
    kind: EndpointType
    interface: int = 0
    interval: int = 0
    most_bytes: int = 64


class Parser:
    """Takes packets out of a stream of bytes."""

    def __init__(self) -> None:
        """Nothing has come; the first packet is the hello."""
        self._waiting = b""
        self._header = _FIRST

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are whole with `data`."""
        self._waiting += data
        while len(self._waiting) >= self._header.size:
            kind, length, number = self._header.unpack_from(self._waiting)
            end = self._header.size + length
            if len(self._waiting) < end:
                return
            body, self._waiting = self._waiting[self._header.size : end], self._waiting[end:]
            self._header = _HEADER
            yield Packet(kind=kind, number=number, body=body)


def hello(name: str) -> bytes:
    """The first packet of either side."""
    body = name.encode()[: _VERSION - 1].ljust(_VERSION, b"\0") + struct.pack("<I", CAPABILITIES)
    return _FIRST.pack(Kind.HELLO, len(body), 0) + body


def packet(kind: Kind, number: int, body: bytes = b"") -> bytes:
    """Any packet after the hello."""
    return _HEADER.pack(kind, len(body), number) + body


def connect(device_class: tuple[int, int, int], vendor: int, product: int, version: int) -> bytes:
    """The device is there."""
    body = struct.pack("<BBBBHHH", HIGH_SPEED, *device_class, vendor, product, version)
    return packet(Kind.DEVICE_CONNECT, 0, body)


def interfaces(found: list[tuple[int, int, int]]) -> bytes:
    """Numbers, classes and subclasses of the interfaces."""
    columns = [bytes(column).ljust(32, b"\0") for column in zip(*found, strict=True)]
    body = struct.pack("<I", len(found)) + b"".join(columns) + bytes(32)  # protocols
    return packet(Kind.INTERFACE_INFO, 0, body)


def endpoints(found: list[Endpoint]) -> bytes:
    """The endpoints there are now, in the 32 places for out and in."""
    kinds = bytearray([EndpointType.ABSENT] * 32)
    intervals, owners, most = bytearray(32), bytearray(32), [0] * 32
    for one in found:
        place = (one.address & 0x80) >> 3 | one.address & 0x0F
        kinds[place], intervals[place] = one.kind, one.interval
        owners[place], most[place] = one.interface, one.most_bytes
    body = bytes(kinds + intervals + owners) + struct.pack("<32H", *most)
    return packet(Kind.EP_INFO, 0, body)


def bulk_asked(body: bytes) -> int:
    """How many bytes a bulk transfer may hold."""
    _, _, low, _, high = _BULK.unpack_from(body)
    return int(low | high << 16)


def bulk(number: int, endpoint: int, status: Status, data: bytes = b"") -> bytes:
    """The end of a bulk transfer."""
    size = len(data)
    head = _BULK.pack(endpoint, status, size & 0xFFFF, 0, size >> 16)
    return packet(Kind.BULK, number, head + data)


def iso(number: int, endpoint: int, data: bytes) -> bytes:
    """One isochronous packet; `number` counts them."""
    head = struct.pack("<BBH", endpoint, Status.SUCCESS, len(data))
    return packet(Kind.ISO, number, head + data)


def control_asked(body: bytes) -> Control:
    """What is asked on endpoint 0."""
    endpoint, request, request_type, _, value, index, length = _CONTROL.unpack_from(body)
    return Control(
        endpoint=endpoint,
        request=request,
        request_type=request_type,
        value=value,
        index=index,
        length=length,
        data=body[_CONTROL.size :],
    )


def control(number: int, asked: Control, data: bytes | None) -> bytes:
    """The end of a transfer on endpoint 0. data: what is sent; None: the request is refused."""
    status = Status.STALL if data is None else Status.SUCCESS
    sent = (data or b"")[: asked.length]
    length = len(sent) if asked.is_in else asked.length
    head = _CONTROL.pack(
        *(asked.endpoint, asked.request, asked.request_type, status),
        *(asked.value, asked.index, length),
    )
    return packet(Kind.CONTROL, number, head + sent)
