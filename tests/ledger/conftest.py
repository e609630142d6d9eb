from __future__ import annotations

import pytest

from hushwork.ledger import Rules
from hushwork.wire import Hotkey


class Clock:
    """Unix seconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rules() -> Rules:
    return Rules(
        block_seconds=1.0,
        tempo=10,
        weights_rate_limit=5,
        permits=2,
        permit_stake=100,
        activity_cutoff=100,
        neurons=4,
        emission=100,
    )


@pytest.fixture(scope="session")
def alice() -> Hotkey:
    return Hotkey.insecure_from_uri("//Alice")


@pytest.fixture(scope="session")
def bob() -> Hotkey:
    return Hotkey.insecure_from_uri("//Bob")


@pytest.fixture(scope="session")
def carol() -> Hotkey:
    return Hotkey.insecure_from_uri("//Carol")
