"""A webcam by the USB Video Class specification 1.0: descriptors, negotiation, payload headers.

Source: "Universal Serial Bus Device Class Definition for Video Devices", 1.0, and its payload
specifications for uncompressed and MJPEG video. Intervals between frames are in units of 100 ns.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Literal

Kind = Literal["yuyv", "mjpg", "grey"]

_GUIDS = {
    "yuyv": bytes.fromhex("5955593200001000800000aa00389b71"),
    "grey": bytes.fromhex("5938303000001000800000aa00389b71"),
}
_BITS = {"yuyv": 16, "grey": 8, "mjpg": 16}

ENDPOINT = 0x81
BULK_BYTES = 16384
"""Most bytes of a payload, header included, over the bulk endpoint."""
ISO_BYTES, ISO_INTERVAL = 3 * 1024, 4
"""Three packets of 1024 bytes every eight microframes: 3 MB/s."""
VENDOR, PRODUCT, VERSION = 0x1D6B, 0x0102, 0x0100

_CS_INTERFACE, _VIDEO, _CONTROL, _STREAMING = 0x24, 14, 1, 2
_PROBE, _COMMIT = 1, 2
_SET_CUR, _GET_CUR, _GET_MIN, _GET_MAX, _GET_LEN, _GET_INFO, _GET_DEF = (
    1,
    *range(0x81, 0x84),
    *range(0x85, 0x88),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format of the camera. sizes: width and height in pixels. rates: frames a second."""

    kind: Kind
    sizes: tuple[tuple[int, int], ...] = ((640, 480), (320, 240))
    rates: tuple[int, ...] = (30, 15, 10, 5)

    @property
    def intervals(self) -> tuple[int, ...]:
        """Between two frames, in 100 ns, the shortest first."""
        return tuple(10_000_000 // rate for rate in sorted(self.rates, reverse=True))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a webcam is. iso: whether it sends isochronously, else in bulk."""

    formats: tuple[Format, ...] = (Format(kind="yuyv"), Format(kind="mjpg"))
    name: str = "Test webcam"
    serial: str = "0001"
    iso: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What was agreed on: numbers of format and frame as in the descriptors, from 1 on."""

    format: int = 1
    frame: int = 1
    interval: int = 0

    def of(self, model: Model) -> tuple[Kind, tuple[int, int], float]:
        """Format, size and seconds from frame to frame."""
        chosen = model.formats[self.format - 1]
        return chosen.kind, chosen.sizes[self.frame - 1], self.interval / 1e7


def nearest(model: Model, asked: Mode) -> Mode:
    """The mode that the camera gives where `asked` is wanted."""
    number = asked.format if 1 <= asked.format <= len(model.formats) else 1
    chosen = model.formats[number - 1]
    frame = asked.frame if 1 <= asked.frame <= len(chosen.sizes) else 1
    wanted = asked.interval or chosen.intervals[0]
    interval = min(chosen.intervals, key=lambda one: abs(one - wanted))
    return Mode(format=number, frame=frame, interval=interval)


def picture_bytes(kind: Kind, size: tuple[int, int]) -> int:
    """Bytes of one picture; of MJPG the most that there are."""
    return size[0] * size[1] * _BITS[kind] // 8


def device_descriptor() -> bytes:
    """Of a device whose interfaces belong together (class EF 02 01)."""
    return struct.pack(
        "<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0xEF, 2, 1, 64, VENDOR, PRODUCT, VERSION, 1, 2, 3, 1
    )


def qualifier_descriptor() -> bytes:
    """What the device would be at full speed."""
    return struct.pack("<BBHBBBBBB", 10, 6, 0x0200, 0xEF, 2, 1, 64, 1, 0)


def string_descriptor(model: Model, index: int) -> bytes | None:
    """Maker, name, serial number; 0: the languages, which is English."""
    if index == 0:
        return b"\x04\x03\x09\x04"
    text = {1: "Edgefmnist", 2: model.name, 3: model.serial}.get(index)
    if text is None:
        return None
    coded = text.encode("utf-16le")
    return bytes([2 + len(coded), 3]) + coded


def configuration_descriptor(model: Model) -> bytes:
    """The one configuration with all that is below it."""
    association = bytes([8, 11, 0, 2, _VIDEO, 3, 0, 2])
    control = _interface(0, 0, 0, _CONTROL, 2) + _control_interface()
    streaming = _input_header(model)
    if model.iso:
        endpoint = struct.pack("<BBBBHB", 7, 5, ENDPOINT, 5, 1024 | 2 << 11, ISO_INTERVAL)
        stream = _interface(1, 0, 0, _STREAMING) + streaming
        stream += _interface(1, 1, 1, _STREAMING) + endpoint
    else:
        endpoint = struct.pack("<BBBBHB", 7, 5, ENDPOINT, 2, 512, 0)
        stream = _interface(1, 0, 1, _STREAMING) + streaming + endpoint
    body = association + control + stream
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 2, 1, 0, 0x80, 250) + body


def _interface(number: int, setting: int, endpoints: int, subclass: int, name: int = 0) -> bytes:
    return bytes([9, 4, number, setting, endpoints, _VIDEO, subclass, 0, name])


def _control_interface() -> bytes:
    """Camera terminal 1, processing unit 2, output terminal 3; none has controls."""
    units = struct.pack("<BBBBHBBHHHB3x", 18, _CS_INTERFACE, 2, 1, 0x0201, 0, 0, 0, 0, 0, 3)
    units += struct.pack("<BBBBBHBHB", 11, _CS_INTERFACE, 5, 2, 1, 0, 2, 0, 0)
    units += struct.pack("<BBBBHBBB", 9, _CS_INTERFACE, 3, 3, 0x0101, 0, 2, 0)
    total = 13 + len(units)
    return struct.pack("<BBBHHIBB", 13, _CS_INTERFACE, 1, 0x0100, total, 48_000_000, 1, 1) + units


def _input_header(model: Model) -> bytes:
    body = b"".join(_format(number, one) for number, one in enumerate(model.formats, 1))
    count = len(model.formats)
    size = 13 + count
    header = struct.pack(
        "<BBBBHBBBBBBB", size, _CS_INTERFACE, 1, count, size + len(body), ENDPOINT, 0, 3, 0, 0, 0, 1
    )
    return header + bytes(count) + body


def _format(number: int, one: Format) -> bytes:
    count, bits = len(one.sizes), _BITS[one.kind]
    if one.kind == "mjpg":
        head = bytes([11, _CS_INTERFACE, 6, number, count, 1, 1, 0, 0, 0, 0])
    else:
        head = bytes([27, _CS_INTERFACE, 4, number, count]) + _GUIDS[one.kind]
        head += bytes([bits, 1, 0, 0, 0, 0])
    frames = b"".join(_frame(place, one, size) for place, size in enumerate(one.sizes, 1))
    return head + frames + bytes([6, _CS_INTERFACE, 13, 1, 1, 4])  # colors as sRGB


def _frame(number: int, one: Format, size: tuple[int, int]) -> bytes:
    most, intervals = picture_bytes(one.kind, size), one.intervals
    head = struct.pack(
        "<BBBBBHHIIIIB",
        *(26 + 4 * len(intervals), _CS_INTERFACE, 7 if one.kind == "mjpg" else 5, number, 0),
        *(*size, most * 8 * min(one.rates), most * 8 * max(one.rates), most),
        *(intervals[0], len(intervals)),
    )
    return head + struct.pack(f"<{len(intervals)}I", *intervals)


def negotiated(model: Model, mode: Mode) -> bytes:
    """The 26 bytes of a probe or commit control that say `mode`."""
    kind, size, _ = mode.of(model)
    most = ISO_BYTES if model.iso else BULK_BYTES
    return struct.pack(
        "<HBBIHHHHHII",
        *(1, mode.format, mode.frame, mode.interval, 0, 0, 0, 0, 50),
        *(picture_bytes(kind, size), most),
    )


class Negotiation:
    """The probe and commit controls of the streaming interface."""

    def __init__(self, model: Model) -> None:
        """Nothing is agreed on yet."""
        self._model = model
        self._probed = nearest(model, Mode())
        self.committed: Mode | None = None

    def get(self, request: int, selector: int) -> bytes | None:
        """What the camera says; None: it refuses."""
        if selector not in (_PROBE, _COMMIT):
            return None
        if request == _GET_LEN:
            return struct.pack("<H", 26)
        if request == _GET_INFO:
            return b"\x03"  # can be read and set
        if request == _GET_DEF:
            return negotiated(self._model, nearest(self._model, Mode()))
        if request in (_GET_CUR, _GET_MIN, _GET_MAX):
            return negotiated(self._model, self._probed)
        return None

    def set(self, request: int, selector: int, data: bytes) -> bytes | None:
        """Take what the host wants; None: refused."""
        if request != _SET_CUR or selector not in (_PROBE, _COMMIT) or len(data) < 8:
            return None
        _, number, frame, interval = struct.unpack_from("<HBBI", data)
        self._probed = nearest(self._model, Mode(format=number, frame=frame, interval=interval))
        if selector == _COMMIT:
            self.committed = self._probed
        return b""


def payload(data: bytes, *, toggle: int, last: bool, error: bool = False) -> bytes:
    """Bytes of a picture behind a header of two. toggle: 0 or 1, another from picture to picture.

    last: whether the picture ends here. error: whether the camera says that it is damaged.
    """
    end_of_header = 0x80
    return bytes([2, end_of_header | error << 6 | last << 1 | toggle]) + data
