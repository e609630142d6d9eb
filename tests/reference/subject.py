"""The native module with its secret key laid open, at toy sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hushwork import _native
from tests.reference import ckks, wire
from tests.reference.ring import Polynomial


@dataclass(frozen=True)
class Shape:
    """What a parameter set is made of, in bits."""

    log_n: int
    moduli: tuple[int, ...]
    special: tuple[int, ...]
    tiers: tuple[_native.Tier, ...]

    def parameters(self) -> _native.Parameters:
        primes = _native.find_primes(self.log_n, [*self.moduli, *self.special])
        count = len(self.moduli)
        return _native.Parameters.insecure(self.log_n, primes[:count], primes[count:], self.tiers)


SHAPES = (
    Shape(4, (43, 36, 36), (50,), ((3, 1, 1),)),
    Shape(5, (45, 36, 36, 36), (48, 48), ((4, 1, 2), (2, 2, 2))),
    Shape(7, (49, 40, 40, 40, 40), (50, 50, 50), ((5, 2, 2), (3, 3, 3))),
)


def tops(parameters: _native.Parameters) -> list[int]:
    """The most limbs of each tier."""
    return [limbs for limbs, _, _ in parameters.tiers]


class Subject:
    """One parameter set, one secret key and the evaluator that goes with it."""

    def __init__(
        self, parameters: _native.Parameters, rotations: Mapping[int, Sequence[int]]
    ) -> None:
        self.parameters = parameters
        self.n = parameters.slots
        self.key = _native.SecretKey(parameters)
        self.rotations = dict(rotations)
        self.keys = self.key.evaluation_keys(self.rotations, tops(parameters))
        loaded = _native.EvaluationKeys.from_bytes(parameters, self.keys)
        self.evaluator = _native.Evaluator(parameters, loaded)

    @cached_property
    def noise(self) -> ckks.Noise:
        p = self.parameters
        return ckks.Noise(self.n, p.moduli, p.special, p.tiers)

    @cached_property
    def secret(self) -> Polynomial:
        """The key's coefficients: the decryption of c0 = 0, c1 = 1 at scale 1."""
        return recover_secret(self.parameters, self.key)

    def parse(self, data: bytes) -> ckks.Ciphertext:
        """A ciphertext as coefficients."""
        return wire.parse(self.parameters, data)

    def open(self, data: bytes) -> Polynomial:
        """Decrypted by the reference."""
        return self.parse(data).decrypt(self.secret)

    def fresh(self, values: np.ndarray, scale: float = 2.0**36, limbs: int | None = None) -> bytes:
        return self.key.encrypt(values, scale, limbs)


def recover_secret(parameters: _native.Parameters, key: _native.SecretKey) -> Polynomial:
    zero, one = [0] * parameters.slots, [1] + [0] * (parameters.slots - 1)
    crafted = ckks.Ciphertext(1.0, parameters.moduli[:1], [zero], [one])
    answer = key.decrypt_coefficients(wire.write(parameters, crafted))
    return [round(x) for x in answer.tolist()]
