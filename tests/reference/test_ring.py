"""The reference is itself held against the definitions."""

from __future__ import annotations

from math import cos, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import ckks, ring

N = 16
PRIME = 12289  # 1 mod 64
ZETA = next(
    z
    for g in range(2, 99)
    if pow(z := pow(g, (PRIME - 1) // (4 * N), PRIME), 2 * N, PRIME) == PRIME - 1
)
elements = st.lists(st.integers(-1000, 1000), min_size=N, max_size=N)


def in_x(a: list[int]) -> list[int]:
    """The same element written in powers of X, in the ring of degree 2N."""
    return [*a, 0, *(-x for x in a[:0:-1])]


@given(elements, elements)
def test_product_is_that_of_the_larger_ring(a: list[int], b: list[int]) -> None:
    size = 2 * N
    out = [0] * size
    for i, x in enumerate(in_x(a)):
        for j, y in enumerate(in_x(b)):
            out[(i + j) % size] += x * y if i + j < size else -x * y
    assert in_x(ring.multiply(a, b)) == out


@given(elements, elements)
def test_values_multiply_and_shift(a: list[int], b: list[int]) -> None:
    values = ring.evaluate(a, ZETA, PRIME)
    product = ring.evaluate(ring.multiply(a, b), ZETA, PRIME)
    assert values == ring.evaluate_slowly(a, ZETA, PRIME)
    assert product == [
        x * y % PRIME for x, y in zip(values, ring.evaluate(b, ZETA, PRIME), strict=True)
    ]
    assert ring.evaluate(ring.automorphism(a, 3), ZETA, PRIME) == values[3:] + values[:3]
    assert ring.interpolate(values, ZETA, PRIME) == [x % PRIME for x in a]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=4))
def test_remainders_determine_the_number(values: list[int]) -> None:
    moduli = [12289, 40961, 65537]
    assert ring.from_residues([[v % q for v in values] for q in moduli], moduli) == values


def test_decoding_is_the_canonical_embedding() -> None:
    a = [1, -2, 0, 3] + [0] * (N - 4)
    want = [1 + sum(2 * a[i] * cos(2 * pi * i * 5**k / (4 * N)) for i in (1, 3)) for k in range(4)]
    assert ckks.decode(a, 2.0)[:4] == pytest.approx([w / 2 for w in want])
    assert ckks.encode(ckks.decode(a, 4.0), 4.0, N) == pytest.approx(a, abs=1e-12)
