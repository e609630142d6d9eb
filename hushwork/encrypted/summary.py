"""What a compiled network takes, in numbers for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log2

from hushwork._native import Program, security_bound
from hushwork.encrypted.manifest import read
from hushwork.encrypted.plan import Plan, Step
from hushwork.encrypted.worker import EncryptedWorker


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a plan."""

    name: str
    layout: str
    """Of its output."""
    limbs: tuple[int, ...]
    """At which its stages run, in order."""
    rotations: int
    plain_products: int
    """Products of a ciphertext with a plaintext, or with a number."""
    cipher_products: int
    """Products of two ciphertexts."""
    milliseconds: float
    """Of one core, by the compiler's cost model."""


@dataclass(frozen=True)
class TierSummary:
    """How keys are switched at some levels."""

    limbs: int
    """And fewer, down to the next tier."""
    digit: int
    """Limbs of a digit."""
    special: int
    """Special primes."""
    special_bits: float
    """Of their product."""
    keys: int
    """Evaluation keys of a session."""


@dataclass(frozen=True)
class Summary:
    """A whole plan. Sizes are exact, in bytes on the wire unless said."""

    layers: Sequence[LayerSummary]
    images: int
    """In each run."""
    log_n: int
    log_q: float
    log_qp: float
    """Of the tier where it is largest."""
    log_qp_bound: int
    """Most bits of Q * P for 128-bit security."""
    tiers: Sequence[TierSummary]
    """Highest first."""
    keys: int
    """Evaluation keys of a session."""
    keys_bytes: int
    request_layout: str
    request_copies: int
    """That the ring holds of what a request says; one is sent."""
    request_bytes: int
    answer_bytes: int
    weights_bytes: int
    """Memory of the encoded weights."""
    precision: float
    """Error of an output to be expected, relative to the largest."""

    @property
    def seconds(self) -> float:
        """Of one core, by the compiler's cost model."""
        return sum(layer.milliseconds for layer in self.layers) / 1e3

    @property
    def images_per_minute(self) -> float:
        """The same, of full batches."""
        return 60 * self.images / self.seconds


def summarise(worker: EncryptedWorker) -> Summary:
    """Count what a worker's plan holds."""
    plan, program, manifest = worker.plan, worker.program, worker.manifest
    terms = read(manifest)
    return Summary(
        layers=list(_layers(plan)),
        images=plan.images,
        log_n=plan.log_n,
        log_q=sum(map(log2, plan.moduli)),
        log_qp=terms.parameters.log_qp,
        log_qp_bound=security_bound(plan.log_n),
        tiers=list(_tiers(plan, program)),
        keys=len(_depths(program)),
        keys_bytes=manifest.hello_limit,
        request_layout=plan.request_layout,
        request_copies=terms.copies,
        request_bytes=manifest.request_limit,
        answer_bytes=manifest.response_limit,
        weights_bytes=program.plaintext_bytes,
        precision=terms.body.precision,
    )


def _depths(program: Program) -> list[int]:
    """Limbs of every key."""
    return list(chain(program.relinearisation, *program.rotations.values()))


def _tiers(plan: Plan, program: Program) -> Iterator[TierSummary]:
    lows = [*(tier.limbs for tier in plan.tiers[1:]), 0]
    for tier, low in zip(plan.tiers, lows, strict=True):
        keys = sum(low < limbs <= tier.limbs for limbs in _depths(program))
        yield TierSummary(*tier, sum(map(log2, plan.special[: tier.special])), keys)


def _layers(plan: Plan) -> Iterator[LayerSummary]:
    for name, layer in plan.layers.items():
        pairs = zip(plan.names, plan.steps, strict=True)
        steps = [step for owner, step in pairs if owner == name]
        yield LayerSummary(
            name=name,
            layout=layer.layout,
            limbs=layer.limbs,
            rotations=sum(map(_rotations, steps)),
            plain_products=sum(map(_plain_products, steps)),
            cipher_products=sum(step["op"] == "multiply" for step in steps),
            milliseconds=layer.milliseconds,
        )


def _plain_products(step: Step) -> int:
    match step["op"]:
        case "linear":
            return len(step["terms"])
        case "combine":
            return len(step["weights"])
        case _:
            return 0


def _rotations(step: Step) -> int:
    match step["op"]:
        case "linear":
            return _linear_rotations(step)
        case "rotate_add":
            return len(step["steps"])
        case _:
            return 0


def _linear_rotations(step: Step) -> int:
    """Anchors and babies, each once for an input; giants by Horner's rule for an output."""
    rotated: set[tuple[int, int, int]] = set()
    giants: dict[int, int] = {}
    for output, source, anchor, giant, baby, _weights in step["terms"]:
        rotated |= {(source, anchor, baby), (source, anchor, 0)}
        giants[output] = max(giant, giants.get(output, 0))
    turned = sum((anchor != 0) if baby == 0 else 1 for _, anchor, baby in rotated)
    return turned + sum(giants.values())
