from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hushwork.subnet.scoring import (
    TOLERANCE,
    agrees,
    penalty,
    points_the_same_way,
    simplified_reward,
)

LOGITS = arrays(np.float64, 10, elements=st.floats(-50, 50))


@pytest.mark.parametrize(
    ("seconds", "score"), [(20, 8.0), (30, 2.370), (40, 1.0), (60, 0.2963), (120, 0.03704)]
)
def test_a_first_right_answer_earns_the_cube_of_its_speed(seconds: float, score: float) -> None:
    assert simplified_reward([seconds], 0) == pytest.approx(score, rel=1e-3)


def test_a_first_wrong_answer_earns_nothing() -> None:
    assert simplified_reward([], 1) == 0.0
    assert simplified_reward([], 0) == 0.0


def test_the_median_of_the_right_answers_counts() -> None:
    assert simplified_reward([20.0, 40.0, 1000.0], 0) == 1.0
    assert simplified_reward([20.0, 20.0, 20.0, 20.0], 1) == 8.0


@pytest.mark.parametrize(("excess", "factor"), [(0.0, 1.0), (0.01, 0.40), (0.05, 0.01024)])
def test_failures_beyond_one_in_five_are_punished(excess: float, factor: float) -> None:
    assert 1 / penalty(excess) == pytest.approx(factor, rel=1e-3)


def test_the_penalty_is_that_of_the_code_and_not_of_the_readme() -> None:
    """21 failures in 100: 2.5^1, where the README's 1 + 2.5^1 would give 3.5."""
    assert simplified_reward([40.0] * 79, 21) == pytest.approx(1 / 2.5)
    assert simplified_reward([40.0] * 80, 20) == 1.0


@given(LOGITS, st.floats(-0.99, 0.99), st.integers(0, 9))
def test_errors_within_tolerance_agree_if_the_label_stays(
    reference: np.ndarray, part: float, index: int
) -> None:
    spread = np.ptp(reference)
    output = reference.copy()
    output[index] += part * TOLERANCE * spread
    same_label = np.argmax(output) == np.argmax(reference)
    assert agrees(output, reference) == bool(same_label and spread > 0)


@given(LOGITS, st.integers(0, 9), st.sampled_from([-1.01, 1.01, 3.0]))
def test_one_logit_beyond_tolerance_is_wrong(
    reference: np.ndarray, index: int, part: float
) -> None:
    output = reference.copy()
    output[index] += part * TOLERANCE * np.ptp(reference) + np.sign(part) * 1e-9
    assert not agrees(output, reference)


def test_the_right_label_alone_is_not_enough() -> None:
    reference = np.array([0.0, 1.0, 10.0])
    assert agrees(reference + 0.05, reference)
    assert not agrees(np.array([0.0, 0.0, 10.0]), reference)
    assert not agrees(reference * 1.05, reference)
    assert not agrees(reference + 0.2, reference)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_agrees_with_nothing(bad: float) -> None:
    reference = np.array([0.0, 1.0, 2.0])
    broken = np.array([bad, 1.0, 2.0])
    assert not agrees(broken, reference)
    assert not agrees(reference, broken)
    assert not agrees(broken, broken)
    assert not points_the_same_way(broken, reference)


def test_a_reference_without_a_range_judges_nothing() -> None:
    flat = np.ones(4)
    assert not agrees(flat, flat)
    assert not agrees(np.zeros(0), np.zeros(0))


def test_shapes_must_be_the_same() -> None:
    reference = np.array([0.0, 1.0, 2.0])
    assert not agrees(reference[:2], reference)
    assert not agrees(reference[None], reference)
    assert not points_the_same_way(reference[:2], reference)


def test_cosine_is_a_threshold_and_gives_no_half_marks() -> None:
    x, y = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert points_the_same_way(3 * x, x)
    assert points_the_same_way(x + 0.05 * y, x)
    assert not points_the_same_way(y, x)
    assert not points_the_same_way(-x, x)
    assert not points_the_same_way(x + y, x)
    assert not points_the_same_way(0 * x, x)
