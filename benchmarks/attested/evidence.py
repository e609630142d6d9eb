"""How long it takes to verify one enclave's evidence, by a policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Any

from rich.progress import Progress

from benchmarks.figures import Figure
from hushwork.attested.policy import Policy
from tests.attested import amd, aws
from tests.attested.machines import NOW, machine

RUNS = 200
MACHINES: Mapping[str, Callable[[], Any]] = {
    "tdx": lambda: machine("tdx"),
    "sgx": lambda: machine("sgx"),
    "sev-snp": amd.machine,
    "nitro": aws.machine,
}
"""Made here, laid out and signed as their makers' are."""


def measure(bars: Progress) -> Sequence[Figure]:
    """Examination and policy, of each platform."""
    return [_timed(bars, name, made()) for name, made in MACHINES.items()]


def _timed(bars: Progress, name: str, made: Any) -> Figure:
    evidence = made.evidence()
    policy = Policy.draft(made.examine(evidence))
    policy.verify(evidence, NOW)
    spent = []
    for _ in bars.track(range(RUNS), description=f"evidence, {name}"):
        start = perf_counter()
        policy.verify(evidence, NOW)
        spent.append(perf_counter() - start)
    return Figure(f"evidence_{name}", median(spent), min(spent), RUNS)
