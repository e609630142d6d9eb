from __future__ import annotations

import pytest

from tests.reference.subject import SHAPES, Shape, Subject


def every_rotation(shape: Shape) -> dict[int, int]:
    return {step: len(shape.moduli) for step in range(1, 1 << shape.log_n)}


@pytest.fixture(scope="session", params=SHAPES, ids=lambda shape: f"N=2^{shape.log_n}")
def subject(request: pytest.FixtureRequest) -> Subject:
    shape: Shape = request.param
    return Subject(shape.parameters(), every_rotation(shape))
