"""Coded video through FFmpeg's libraries (PyAV): one stream of a container, whole frames only.

What counts as damaged, in files and streams alike: a frame of which the container says that parts
were lost (continuity counters, RTP sequence numbers, a packet cut short), that the decoder refuses,
or whose missing parts it made up. All frames after it are built on it, so they count as damaged
too, up to the next keyframe or recovery point that is itself whole. What a coder has no means to
show stays unseen: H.264 and VP8 carry no checksums.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import math
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from edgefmnist.camera.decoding.limits import MOST_VIDEO_PIXELS
from edgefmnist.camera.source import Damaged
from edgefmnist.errors import MissingDependency

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet as AnyPacket
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    Packet = AnyPacket[VideoStream]

# Containers of a video that hold all of it themselves. Playlists (HLS, DASH, concat, SDP), whose
# text names other files and hosts, are not here, nor are FFmpeg's devices.
CONTAINERS = (
    "apng,asf,av1,avi,dv,flv,gif,h263,h264,hevc,ivf,jpeg_pipe,live_flv,m4v,matroska,mjpeg,mov,mp4,"
    "mpeg,mpegts,mpegvideo,mpjpeg,mxf,nut,obu,ogg,webm,yuv4mpegpipe"
)
_PLAYLIST = re.compile(
    rb"\s*(#EXTM3U|ffconcat version|v=0\s|<\?xml|<(!DOCTYPE|MPD|SmoothStreamingMedia)|\[playlist\])"
)

_HEARD = 24  # AV_LOG_WARNING
_LOST = re.compile(r"RTP: missed \d+ packets")
# Said of frames on which the decoder sets no flag. Not every complaint is of damage: encoders
# break rules that spoil no picture.
_MADE_UP = re.compile(
    r"error while decoding|concealing|missing reference|reference picture missing"
    r"|could not find ref|header damaged",
    re.IGNORECASE,
)
# H.264 lets go of a frame that never came: a loss, but for the frames that we forgot ourselves.
_NEVER_CAME = re.compile("unref short failure")


class Readable(Protocol):
    """What FFmpeg may read in place of an address; with `seek` and `tell`, also back and forth."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


def library() -> Any:
    """PyAV, quiet but for `av.logging.Capture`. Raises: MissingDependency."""
    try:
        import av
        import av.logging
    except ImportError as error:
        raise MissingDependency(
            "video files and network streams need PyAV: 'pip install av', or on a 32-bit system "
            "'sudo apt install python3-av' and an environment with --system-site-packages"
        ) from error
    if av.logging.get_level() is None:
        logging.getLogger("libav").setLevel(logging.CRITICAL + 1)
        av.logging.set_skip_repeated(False)
        av.logging.set_level(_HEARD)
    return av


def is_playlist(start: bytes) -> bool:
    """Whether a file or answer that begins so is a list of other addresses."""
    return _PLAYLIST.match(start) is not None


def open_video_stream(
    opened_from: str | Readable,
    *,
    format: str | None = None,
    options: dict[str, str] | None = None,
    timeout: tuple[float, float] | None = None,
    live: bool = False,
) -> Decoder | None:
    """Open a container and choose its video; None where it has none.

    opened_from: a URL whose protocol `options` allow, or a file: FFmpeg opens nothing else.
    live: the newest frame counts, so none is held back. timeout: seconds to open, and to read.

    Raises: FFmpegError, OSError (PyAV's classes), MissingDependency.
    """
    av = library()
    words = {
        "format_whitelist": format or CONTAINERS,
        "protocol_whitelist": "none",
        "max_pixels": str(MOST_VIDEO_PIXELS),
        **(options or {}),
    }
    with av.logging.Capture():
        container = av.open(
            opened_from,
            format=format,
            options=words,
            timeout=timeout,
            buffer_size=1 << 18 if not live else 1 << 15,
            metadata_errors="replace",
        )
    stream = _best_video(container)
    if stream is None:
        container.close()
        return None
    file = None if isinstance(opened_from, str) else opened_from
    return Decoder(container, stream, file, live=live)


def _best_video(container: InputContainer) -> VideoStream | None:
    """The largest video; a cover picture in a piece of music is none."""
    import av.stream

    cover = av.stream.Disposition.attached_pic
    films = [
        one
        for one in container.streams.video
        if not one.disposition & cover and one.codec_context is not None
    ]
    return max(
        films, key=lambda one: one.codec_context.width * one.codec_context.height, default=None
    )


class Decoder:
    """Whole frames of one video stream, in the order shown."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        file: Readable | None,
        *,
        live: bool,
    ) -> None:
        """Take over an open `container` and the `file` that it reads."""
        self._container = container
        self._file = file
        self._stream = stream
        self._coder = stream.codec_context
        self._coder.options = {"max_pixels": str(MOST_VIDEO_PIXELS)}
        if live:
            # Threads by frame would hold back as many frames as there are.
            self._coder.thread_count = 1
            self._coder.flags |= _low_delay()
        else:
            self._coder.thread_type = "AUTO"
        self._packets: Iterator[Packet] = container.demux(stream)
        self._ready: collections.deque[VideoFrame] = collections.deque()
        self._doubtful = False  # the packet before; containers may flag one too early
        self._skips = False  # up to the next keyframe
        self._waits = True  # for the first frame that rests on no other
        self._keyframes = 1  # since the last loss; before the first, nothing was forgotten
        self._from_pts: int | None = None  # of the keyframe that all begins with

    @property
    def declared(self) -> tuple[int, int]:
        """Width and height by the container; 0 where it does not say."""
        return self._coder.width, self._coder.height

    @property
    def rate(self) -> float:
        """Frames a second by the container; 0 where it does not say."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(rate) if rate else 0.0

    def read(self, until: float = math.inf) -> VideoFrame | None:
        """The next whole frame, or None at the end.

        until: ``time.monotonic()`` after which a stream that brings none counts as damaged.

        Raises: Damaged, for each packet whose frame is lost; FFmpegError, OSError.
        """
        while not self._ready:
            if time.monotonic() > until:
                raise Damaged
            packet = self._fetch()
            if packet is None:
                return None
            self._take(packet)
        return self._ready.popleft()

    def close(self) -> None:
        """Close the file or connection; may be called twice."""
        self._ready.clear()
        self._packets = iter(())
        self._container.close()
        if self._file is not None:
            self._file.close()

    def _fetch(self) -> Packet | None:
        """The next packet, and in `_doubtful` whether it or the next is damaged."""
        with _complaints() as said:
            packet = next(self._packets, None)
        if packet is None:
            return None
        before = self._doubtful
        self._doubtful = packet.is_corrupt or any(_LOST.search(one[2]) for one in said)
        if self._doubtful:
            self._lose()
        elif packet.is_keyframe and not before:
            self._keyframes += 1
            if self._waits:
                self._skips, self._from_pts = False, packet.pts
        return packet

    def _take(self, packet: Packet) -> None:
        """Decode one packet into `_ready`; the last, empty one brings what was held back."""
        if packet.size and (self._skips or self._leads(packet)):
            raise Damaged
        repeats = not packet.size and packet.pts is not None  # the frame before (Theora)
        if self._skips or repeats:
            return
        av = library()
        try:
            with _complaints() as said:
                frames = packet.decode()
        except av.error.MemoryError:
            raise
        except av.error.EOFError:
            return
        except av.error.FFmpegError as error:
            self._lose()
            raise Damaged from error
        if any(frame.is_corrupt for frame in frames) or any(self._is_loss(s[2]) for s in said):
            self._lose()
            raise Damaged
        whole = self._from_a_whole_one(frames)
        if frames and not whole:
            raise Damaged
        self._ready.extend(whole)

    def _is_loss(self, complaint: str) -> bool:
        """Whether what the decoder says means that a frame is not whole."""
        if _NEVER_CAME.search(complaint):
            return self._keyframes > 1
        return _MADE_UP.search(complaint) is not None

    def _leads(self, packet: Packet) -> bool:
        """Whether it comes after the keyframe, is shown before it, and rests on what is lost."""
        if self._from_pts is None or packet.pts is None or packet.pts == self._from_pts:
            return False
        if packet.pts > self._from_pts:
            self._from_pts = None
            return False
        return True

    def _from_a_whole_one(self, frames: list[VideoFrame]) -> list[VideoFrame]:
        """Without frames that rest on some which were never there."""
        if not self._waits:
            return frames
        # After a loss FFmpeg's H.264 holds frames back by itself, up to a keyframe or up to the
        # recovery point of a stream that has none (intra refresh).
        held_back = self._coder.name == "h264"
        for at, frame in enumerate(frames):
            if frame.key_frame or held_back:
                self._waits = False
                return frames[at:]
        return []

    def _lose(self) -> None:
        """Forget all that frames to come could be built on."""
        self._coder.flush_buffers()
        self._keyframes = 0
        self._skips = self._waits = True


@contextlib.contextmanager
def _complaints() -> Iterator[list[tuple[int, str, str]]]:
    """What FFmpeg says meanwhile: (level, who, message)."""
    from av.logging import Capture

    with Capture(False) as said:
        yield said


def _low_delay() -> int:
    from av.codec.context import Flags

    return int(Flags.low_delay)


def pixels_of(frame: VideoFrame) -> npt.NDArray[np.uint8]:
    """A frame upright, uint8 [height, width, 3] in B, G, R order."""
    # One thread: waking others costs more than the conversion.
    converted = frame.to_ndarray(format="bgr24", threads=1, interpolation="FAST_BILINEAR")
    pixels = np.asarray(converted, np.uint8)
    try:
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # some of it is newer than PyAV, such as EXIF: the turn is to be had
        return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))
    return pixels if matrix is None else upright(pixels, bytes(matrix))


def upright(pixels: npt.NDArray[np.uint8], matrix: bytes) -> npt.NDArray[np.uint8]:
    """Turn and mirror `pixels` as a display matrix says (ISO/IEC 14496-12, 8.3.2).

    matrix: nine int32, of which the first two of the first two rows take (x, y) to
    (a*x + c*y, b*x + d*y). Anything but quarter turns is left as it is.
    """
    a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5] / 65536
    if round(abs(a * d)) == 1 and round(abs(b * c)) == 0:
        turned = pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    elif round(abs(b * c)) == 1 and round(abs(a * d)) == 0:
        across = pixels.transpose(1, 0, 2)  # x becomes y
        turned = across[:: -1 if b < 0 else 1, :: -1 if c < 0 else 1]
    else:
        return pixels
    return np.ascontiguousarray(turned)
