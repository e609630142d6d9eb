"""How much of an answer travels, and what it can be checked by."""

import numpy as np
import pytest

from hushwork.encrypted.answer import SPARE, UNCHECKED, period
from hushwork.encrypted.layout import dense
from hushwork.encrypted.manifest import ZERO

SLOTS = 1 << 10


def table(*first):
    return np.tile(np.array(first), (1, SLOTS // len(first)))


def vector(elements):
    """The table of a dense layout."""
    layout = dense(elements, SLOTS)
    held = np.full(layout.states.shape, ZERO)
    for element, places in enumerate(layout.addresses):
        held.reshape(-1)[places] = element
    return held


@pytest.mark.parametrize(
    ("elements", "expected"),
    [(1, 32), (3, 32), (10, 32), (16, 32), (17, 64), (48, 64), (49, 128), (500, 1024)],
)
def test_a_vector_travels_with_slots_to_spare(elements, expected):
    held = vector(elements)
    assert period(held) == expected
    assert expected - elements >= min(SPARE, SLOTS - elements)


def test_slots_that_may_hold_anything_check_nothing():
    assert period(table(0, 1, ZERO, ZERO)) == 32
    assert period(table(0, UNCHECKED, UNCHECKED, UNCHECKED)) == 128


def test_a_full_table_travels_whole():
    assert period(vector(SLOTS)) == SLOTS
    assert period(vector(3 * SLOTS)) == SLOTS


def test_a_table_that_does_not_repeat_travels_whole():
    held = vector(3)
    held[0, -1] = 1
    assert period(held) == SLOTS


def test_every_ciphertext_has_slots_to_spare():
    first, second = table(0, 1, 2, 3), table(4, 5, 6, 7)
    assert period(np.concatenate([first, second])) == 32


def test_a_manifest_names_the_period(worker, client):
    held = worker.plan.scatter
    length = client._terms.body.response_period
    assert length == period(held) == 32
    np.testing.assert_array_equal(client._terms.scatter, held[:, :length])
