from __future__ import annotations

import numpy as np
import pytest

from hushwork.errors import InvalidNetwork
from hushwork.networks import Ranges, open_network, sample, trace
from hushwork.networks.data import to_input

NETWORK = open_network("lenet-fashion-mnist")
IMAGES = to_input(sample()[0][:40])


def largest(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    values = trace(NETWORK, IMAGES)[name]
    return np.abs(values.reshape(len(values), -1)).max(axis=1)


@pytest.mark.parametrize("name", ["sum1", "sum3", "logits"])
def test_images_are_told_apart_by_what_one_value_reaches(name: str) -> None:
    reached = largest(name)
    bound = float(np.median(reached))
    np.testing.assert_array_equal(Ranges(NETWORK, {name: bound})(IMAGES), reached <= bound)


def test_every_bound_counts() -> None:
    bounds = {name: float(np.median(largest(name))) for name in ("sum1", "sum2")}
    each = [Ranges(NETWORK, {name: bound})(IMAGES) for name, bound in bounds.items()]
    both = Ranges(NETWORK, bounds)(IMAGES)
    np.testing.assert_array_equal(both, each[0] & each[1])
    assert both.any()
    assert not both.all()


def test_without_bounds_everything_finite_is_within() -> None:
    assert Ranges(NETWORK, {})(IMAGES).all()
    assert not Ranges(NETWORK, {})(np.full((1, 1, 28, 28), 1e30)).any()


def test_what_overflows_is_within_no_bound() -> None:
    assert not Ranges(NETWORK, {"logits": np.inf})(np.full((1, 1, 28, 28), 1e30)).any()


def test_a_value_that_the_file_lacks_is_refused() -> None:
    with pytest.raises(InvalidNetwork, match="nowhere"):
        Ranges(NETWORK, {"nowhere": 1.0})
