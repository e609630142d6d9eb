from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop import oracle


@pytest.fixture(scope="session")
def lattigo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The oracle's executable; Go keeps what it compiled, so only the first build is slow."""
    return oracle.build(tmp_path_factory.mktemp("lattigo"))
