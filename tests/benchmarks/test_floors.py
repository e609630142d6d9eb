from __future__ import annotations

import pytest

from benchmarks import floors
from benchmarks.figures import Figure, Measured
from benchmarks.floors import Ring, Work

WORD, L2, L3, MEMORY = 1e-11, 1e-11, 2e-11, 5e-11
LIMITS = Measured(
    "machine",
    tuple(
        Figure(name, value, value)
        for name, value in {"multiply_add": WORD, "l2": L2, "l3": L3, "memory": MEMORY}.items()
    ),
)
RING = Ring(15, 15, 5, 5)


def test_a_key_has_two_polynomials_a_digit() -> None:
    assert RING.key_bytes == 2 * 3 * 20 * (1 << 15) * 8


def test_a_multiply_add_is_two_halves_a_word() -> None:
    assert RING.work("multiply_add").seconds(LIMITS) == (2 * (1 << 15) * WORD, 0)


def test_a_transform_has_half_the_degree_butterflies_a_level() -> None:
    assert RING.work("forward").multiply_adds == 3 * (1 << 14) * 15


def test_a_decomposition_transforms_every_limb_back_and_each_digit_forth() -> None:
    words = 3 * (5 * 3 + 5 * 15 * 2) * RING.degree
    assert RING.decomposition == words + (15 + 3 * 15) * RING.transform


def test_a_last_digit_may_be_shorter() -> None:
    assert Ring(15, 8, 3, 3).digits == 3
    own = [3, 3, 2]
    transforms = 8 + sum(11 - a for a in own)
    words = sum(3 * a + 2 * a * (11 - a) for a in own) * (1 << 15)
    assert Ring(15, 8, 3, 3).decomposition == words + transforms * Ring(15, 8, 3, 3).transform


@pytest.mark.parametrize(
    ("size", "speed"), [(1 << 20, L2), ((1 << 20) + 1, L3), (1 << 25, L3), ((1 << 25) + 1, MEMORY)]
)
def test_traffic_is_as_fast_as_the_cache_that_holds_it(size: int, speed: float) -> None:
    assert Work(0, 100, size).seconds(LIMITS)[1] == pytest.approx(100 * speed)


def test_the_ratio_is_to_the_higher_floor() -> None:
    arithmetic, traffic = RING.work("hoisted").seconds(LIMITS)
    time = 3 * max(arithmetic, traffic)
    ours = Measured("ours", (Figure("hoisted", time, time, 1, 15, 1, "", (15, 5, 5)),))
    assert floors.cells(ours, LIMITS)[0][-1] == "3.00x"
