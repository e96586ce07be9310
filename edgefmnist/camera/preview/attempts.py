"""How often a peer may guess the token."""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict, deque

from edgefmnist.camera.preview.peers import peer_of
from edgefmnist.camera.token_bucket import TokenBucket

BURST = 100
EVERY_S = 2.0
"""A peer has BURST wrong guesses, and one more every EVERY_S."""

_PEERS = 256
_REMEMBERED = 32


class Attempts:
    """Counts the wrong guesses of each peer.

    Only a new guess counts: a program or page that asks again and again with a token of yesterday
    does not keep out the person beside it who has today's.
    """

    def __init__(self) -> None:
        self._peers: OrderedDict[str, _Peer] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """How long whoever is at `address` has to wait until the next guess; 0: not at all."""
        peer = self._peers.get(peer_of(address))
        return 0 if peer is None else peer.wait_s()

    def failed(self, address: str, guess: str) -> None:
        """Count a wrong guess."""
        key = peer_of(address)
        peer = self._peers.setdefault(key, _Peer())
        self._peers.move_to_end(key)
        peer.failed(guess)
        while len(self._peers) > _PEERS:
            self._peers.popitem(last=False)


class _Peer:
    def __init__(self) -> None:
        self._bucket = TokenBucket(BURST, EVERY_S, time.monotonic())
        self._guesses: deque[bytes] = deque(maxlen=_REMEMBERED)

    def wait_s(self) -> int:
        left = self._bucket.left(time.monotonic())
        return 0 if left >= 1 else math.ceil((1 - left) * EVERY_S)

    def failed(self, guess: str) -> None:
        digest = hashlib.sha256(guess.encode("utf-8", "surrogateescape")).digest()
        if digest not in self._guesses:
            self._guesses.append(digest)
            self._bucket.take()
