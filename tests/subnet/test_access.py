from __future__ import annotations

import pytest

from hushwork.errors import InsecureGuarantee, NotRegistered, UnderStaked
from hushwork.ledger import LocalLedger
from hushwork.subnet.access import Registry, refuse_insecure
from hushwork.wire import Hotkey

ALICE = Hotkey.insecure_from_uri("//Alice").address
BOB = Hotkey.insecure_from_uri("//Bob").address


class CountingLedger(LocalLedger):
    readings = 0

    def neurons(self) -> list:  # type: ignore[type-arg]
        self.readings += 1
        return super().neurons()


@pytest.fixture
def ledger() -> CountingLedger:
    ledger = CountingLedger()
    ledger.register(ALICE)
    ledger.add_stake(ALICE, 5)
    return ledger


def test_callers_must_be_registered_and_staked(ledger: CountingLedger) -> None:
    registry = Registry(ledger, seconds=10.0)
    registry.require(ALICE, 5, now=0.0)
    with pytest.raises(UnderStaked) as under:
        registry.require(ALICE, 6, now=0.0)
    assert (under.value.expected, under.value.got) == ("at least 6", "5")
    with pytest.raises(NotRegistered):
        registry.require(BOB, 0, now=0.0)


def test_a_reading_is_believed_for_a_while(ledger: CountingLedger) -> None:
    registry = Registry(ledger, seconds=10.0)
    for now in (0.0, 5.0, 9.0):
        registry.neuron(ALICE, now)
    assert ledger.readings == 1
    registry.neuron(ALICE, 10.5)
    assert ledger.readings == 2


def test_the_ledger_is_asked_again_about_a_stranger_but_not_without_end(
    ledger: CountingLedger,
) -> None:
    registry = Registry(ledger, seconds=10.0)
    registry.neuron(ALICE, 0.0)
    ledger.register(BOB)
    registry.neuron(BOB, 2.0)
    for _ in range(20):
        with pytest.raises(NotRegistered):
            registry.neuron("nobody", 2.5)
    assert ledger.readings == 2


def test_guarantees_for_tests_are_refused() -> None:
    refuse_insecure("encrypted", insecure_for_tests=False)
    refuse_insecure("insecure_plain", insecure_for_tests=True)
    with pytest.raises(InsecureGuarantee):
        refuse_insecure("insecure_plain", insecure_for_tests=False)
