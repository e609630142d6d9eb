"""What a compiled network takes, in numbers for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log2

from hushwork._native import security_bound
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
    """Products of a ciphertext with a plaintext."""
    cipher_products: int
    """Products of two ciphertexts."""
    milliseconds: float
    """Of one core, by the compiler's cost model."""


@dataclass(frozen=True)
class Summary:
    """A whole plan. Sizes are exact, in bytes on the wire unless said."""

    layers: Sequence[LayerSummary]
    log_n: int
    log_q: float
    log_qp: float
    log_qp_bound: int
    """Most bits of Q * P for 128-bit security."""
    keys: int
    """Evaluation keys of a session."""
    keys_bytes: int
    request_layout: str
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


def summarise(worker: EncryptedWorker) -> Summary:
    """Count what a worker's plan holds."""
    plan, program, manifest = worker.plan, worker.program, worker.manifest
    terms = read(manifest)
    return Summary(
        layers=list(_layers(plan)),
        log_n=plan.log_n,
        log_q=sum(map(log2, plan.moduli)),
        log_qp=terms.parameters.log_qp,
        log_qp_bound=security_bound(plan.log_n),
        keys=len(program.rotations) + (program.relinearisation > 0),
        keys_bytes=manifest.hello_limit,
        request_layout=plan.request_layout,
        request_bytes=manifest.request_limit,
        answer_bytes=manifest.response_limit,
        weights_bytes=program.plaintext_bytes,
        precision=terms.body.precision,
    )


def _layers(plan: Plan) -> Iterator[LayerSummary]:
    for name, layer in plan.layers.items():
        pairs = zip(plan.names, plan.steps, strict=True)
        steps = [step for owner, step in pairs if owner == name]
        yield LayerSummary(
            name=name,
            layout=layer.layout,
            limbs=layer.limbs,
            rotations=sum(map(_rotations, steps)),
            plain_products=sum(len(step["terms"]) for step in steps if step["op"] == "linear"),
            cipher_products=sum(step["op"] == "multiply" for step in steps),
            milliseconds=layer.milliseconds,
        )


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
