"""What counts as one peer, and how long it waits after too many guesses."""

from __future__ import annotations

import pytest

from edgefmnist.camera.preview import attempts
from edgefmnist.camera.preview.attempts import BURST, EVERY_S, Attempts
from edgefmnist.camera.preview.peers import peer_of


def test_ipv6_counts_by_its_network_and_ipv4_by_its_address() -> None:
    assert peer_of("192.0.2.7") == peer_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert peer_of("192.0.2.7") != peer_of("192.0.2.8")
    assert peer_of("2001:db8:1:2::1") == peer_of("2001:db8:1:2:ffff:ffff:ffff:ffff")
    assert peer_of("2001:db8:1:2::1") != peer_of("2001:db8:1:3::1")
    assert peer_of("fe80::1%eth0") == peer_of("fe80::2%wlan0")
    assert peer_of("") == peer_of("testclient") == ""


def test_guesses_come_back_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(attempts.time, "monotonic", lambda: now[0])
    counted = Attempts()
    for number in range(BURST):
        assert counted.wait_s("2001:db8::1") == 0
        counted.failed("2001:db8::1", f"guess {number}")
    assert 0 < counted.wait_s("2001:db8::2") <= EVERY_S  # the same network
    assert counted.wait_s("2001:db8:0:1::1") == 0
    now[0] += EVERY_S
    assert counted.wait_s("2001:db8::1") == 0
    counted.failed("2001:db8::1", "\udcff")
    assert counted.wait_s("2001:db8::1") > 0
    now[0] += 10 * BURST * EVERY_S
    for number in range(BURST):  # and never more than these
        assert counted.wait_s("2001:db8::1") == 0
        counted.failed("2001:db8::1", f"again {number}")
    assert counted.wait_s("2001:db8::1") > 0


def test_what_is_remembered_of_peers_is_bounded() -> None:
    counted = Attempts()
    for number in range(5000):
        counted.failed(f"10.0.{number // 250}.{number % 250}", "guess")
    assert len(counted._peers) <= 256
