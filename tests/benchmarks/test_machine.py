from __future__ import annotations

from benchmarks import machine
from benchmarks.figures import Figure, Measured
from benchmarks.peers import PEERS

SPEEDS = {"multiply_add": 3.4e-11, "l2": 1e-11, "memory": 5e-11, "load": 1.25}
LIMITS = Measured("machine", tuple(Figure(name, value, value) for name, value in SPEEDS.items()))


def test_what_a_core_can_do_is_said() -> None:
    text = machine.describe(LIMITS, Measured("ours", when="today"))
    assert "Measured on today" in text
    assert "load average 1.2 when it began" in text
    assert "8 multiply-adds of 52-bit words in 0.27 ns" in text
    assert "100 GB/s from L2, 20 GB/s from memory." in text


def test_without_limits_nothing_is_claimed() -> None:
    text = machine.describe(Measured("machine"), Measured("ours"))
    assert "load average" not in text
    assert "GB/s" not in text


def test_a_missing_peer_is_named_with_its_reason() -> None:
    measured = [Measured(peer.who, when="today") for peer in PEERS[1:]]
    _, lines = machine.peers(PEERS, [Measured(PEERS[0].who, unavailable="no Python"), *measured])
    assert [line[-1] for line in lines[:2]] == ["no Python", "measured today"]
    assert lines[0][:3] == [PEERS[0].who, PEERS[0].version, PEERS[0].licence]
