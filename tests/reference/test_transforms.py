"""The transforms at the degrees in use, on the largest and on random residues."""

from __future__ import annotations

from random import Random

import pytest

from hushwork import _native
from tests.reference import ring, wire
from tests.reference.ckks import Ciphertext

LOG_DEGREES = (3, 4, 5, 6, 7, 13, 15)


def parameters(log_n: int) -> _native.Parameters:
    """Two primes just below 2^50, the largest allowed, and one small one to divide by."""
    small, *large = _native.find_primes(log_n, [max(30, log_n + 4), 50, 50, 50])
    return _native.Parameters.insecure(log_n, [large[0], small], large[1:], [(2, 1, 2)])


def residues(n: int, q: int) -> dict[str, list[int]]:
    rng = Random(n)
    return {
        "zero": [0] * n,
        "largest": [q - 1] * n,
        "alternating": [q - 1, 0] * (n // 2),
        "random": [rng.randrange(q) for _ in range(n)],
    }


@pytest.mark.parametrize("log_n", LOG_DEGREES)
def test_evaluations_to_coefficients(log_n: int) -> None:
    p = parameters(log_n)
    n, q = p.slots, p.moduli[0]
    key = _native.SecretKey(p)
    header = wire.write(p, Ciphertext(1.0, [q], [[0] * n], [[0] * n]))[: -2 * (n * 50 // 8)]
    for name, values in residues(n, q).items():
        data = header + wire.pack(values, q) + wire.pack([0] * n, q)
        got = key.decrypt_coefficients(data)
        want = ring.centre(ring.interpolate(values, wire.root(n, q), q), q)
        assert got.tolist() == want, name


@pytest.mark.parametrize("log_n", LOG_DEGREES)
def test_there_and_back(log_n: int) -> None:
    """Rescaling takes the last limb to coefficients, and its centred residue to evaluations."""
    p = parameters(log_n)
    n, (q, last) = p.slots, p.moduli
    rng = Random(log_n)
    half = [rng.randrange(q * last) - q * last // 2 for _ in range(n)]
    zero = [[0] * n, [0] * n]
    crafted = Ciphertext(2.0**40, p.moduli, [[x % q for x in half], [x % last for x in half]], zero)
    result = wire.parse(p, _native.Evaluator(p).rescale(wire.write(p, crafted)))
    assert ring.from_residues(result.c0, [q]) == [(2 * x + last) // (2 * last) for x in half]
    assert result.c1 == [[0] * n]
