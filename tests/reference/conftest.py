from __future__ import annotations

import pytest

from tests.reference.subject import SHAPES, Shape, Subject


def rotations(shape: Shape) -> dict[int, int]:
    """Every one at the smaller degrees, some at the largest."""
    steps = range(1, 1 << shape.log_n) if shape.log_n < 7 else (1, 2, 5, 17, 64, 100, 127)
    return dict.fromkeys(steps, len(shape.moduli))


@pytest.fixture(scope="session", params=SHAPES, ids=lambda shape: f"N=2^{shape.log_n}")
def subject(request: pytest.FixtureRequest) -> Subject:
    shape: Shape = request.param
    return Subject(shape.parameters(), rotations(shape))
