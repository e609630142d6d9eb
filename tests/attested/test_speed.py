"""How long it takes to verify one evidence: 10 ms at most is the goal."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

from hushwork.attested.policy import Policy
from tests.attested import amd, aws
from tests.attested.machines import NOW, machine

MACHINES: dict[str, Callable[[], Any]] = {
    "sgx": lambda: machine("sgx"),
    "tdx": lambda: machine("tdx"),
    "sev-snp": amd.machine,
    "nitro": aws.machine,
}
SLOWEST = 0.1
"""Seconds; ten times the goal, for machines that are busy."""


@pytest.mark.parametrize("platform", MACHINES)
def test_evidence_is_verified_in_milliseconds(platform: str) -> None:
    made = MACHINES[platform]()
    evidence = made.evidence()
    policy = Policy.draft(made.examine(evidence))
    times = []
    for _ in range(50):
        start = time.perf_counter()
        policy.verify(evidence, NOW)
        times.append(time.perf_counter() - start)
    assert median(times) < SLOWEST, f"{1000 * median(times):.1f} ms"
