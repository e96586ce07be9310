"""What comes over a connection can be looked at before it is read."""

from __future__ import annotations

import threading
import time

import pytest

from edgefmnist.camera.sources.tcp import TcpBody
from tests.camera.sources.servers import byte_server


def test_what_was_peeked_at_is_read_in_pieces_no_larger_than_asked_for() -> None:
    """FFmpeg's buffer holds no more than it asks for."""
    data, stay = bytes(range(256)) * 100, threading.Event()
    with byte_server(data, stay) as address:
        host, port = address.split(":")
        until_s = time.monotonic() + 60
        body = TcpBody(host, int(port), until_s)
        assert body.peek(3) == data[:3]
        assert body.peek_for(0.2, 1 << 20) == data == body.peek_for(0.0, 1 << 20)
        read = b""
        while len(read) < len(data):
            piece = body.read1(1000, until_s)
            assert 0 < len(piece) <= 1000
            read += piece
        assert read == data
        with pytest.raises(TimeoutError):
            body.read1(1000, time.monotonic() + 0.1)
        stay.set()
        assert body.read1(1000, until_s) == b"" == body.peek(3)
        body.close()
