"""The rows of the table: what is measured, and the goal set for it."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.figures import Key
from benchmarks.rows import Row, seconds, size, times

_ROWS = (
    ("prove", "prove", seconds),
    ("verify", "verify", seconds),
    ("proof_size", "proof", size),
    ("memory", "peak memory", size),
    ("prove_command", "prove, as a command", seconds),
    ("verify_command", "verify, as a command", seconds),
    ("setup", "set-up, once a model", seconds),
    ("evidence", "check evidence whole", seconds),
    ("evidence_size", "evidence", size),
)


def _network(what: str, called: str, goals: Mapping[str, float]) -> tuple[Row, ...]:
    return tuple(
        Row(f"{what}: {said}", Key(f"{called}_{name}"), show, goals.get(name))
        for name, said, show in _ROWS
    )


LENET5 = (
    *_network("LeNet-5", "lenet5", {"prove": 0.1, "verify": 15e-3, "proof_size": 300e3}),
    Row("LeNet-5: smallest proof", Key("lenet5_smallest_size"), size, 250e3),
)
VGG9 = _network(
    "VGG-9", "vgg9", {"prove": 1.5, "verify": 40e-3, "proof_size": 600e3, "memory": 2e9}
)


def _hiding(what: str, called: str) -> tuple[Row, Row]:
    """Beside the proofs that are as small as can be, as ours are, and beside faster ones."""
    hiding, said = Key(f"{called}_hiding_prove"), f"{what}: zero knowledge costs the prover"
    return (
        Row(said, hiding, times, 1.5, Key(f"{called}_clear_prove")),
        Row(f"{said}, beside faster ones", hiding, times, 1.5, Key(f"{called}_fast_prove")),
    )


HIDING = (*_hiding("LeNet-5", "lenet5"), *_hiding("VGG-9", "vgg9"))
