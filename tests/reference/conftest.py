from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.reference.subject import SHAPES, Shape, Subject, tops


def steps(shape: Shape) -> Sequence[int]:
    """Every one at the smaller degrees, some at the largest."""
    return range(1, 1 << shape.log_n) if shape.log_n < 7 else (1, 2, 5, 17, 64, 100, 127)


@pytest.fixture(scope="session", params=SHAPES, ids=lambda shape: f"N=2^{shape.log_n}")
def subject(request: pytest.FixtureRequest) -> Subject:
    shape: Shape = request.param
    parameters = shape.parameters()
    return Subject(parameters, dict.fromkeys(steps(shape), tops(parameters)))
