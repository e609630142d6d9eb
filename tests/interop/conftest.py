from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop import oracle


@pytest.fixture(scope="session")
def lattigo(request: pytest.FixtureRequest) -> Path:
    """The oracle's executable, built once."""
    cache = request.config.cache
    assert cache is not None
    return oracle.build(cache.mkdir("lattigo"))
