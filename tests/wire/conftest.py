from __future__ import annotations

import pytest

from hushwork.wire import Hotkey


@pytest.fixture(scope="session")
def alice() -> Hotkey:
    return Hotkey.insecure_from_uri("//Alice")


@pytest.fixture(scope="session")
def bob() -> Hotkey:
    return Hotkey.insecure_from_uri("//Bob")


@pytest.fixture(scope="session")
def carol() -> Hotkey:
    return Hotkey.insecure_from_uri("//Carol")
