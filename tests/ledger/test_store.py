from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hushwork.errors import RefusedExtrinsic
from hushwork.ledger import LocalLedger, Rules
from hushwork.wire import Hotkey
from tests.ledger.conftest import Clock


def test_everything_is_there_after_a_restart(
    tmp_path: Path, rules: Rules, clock: Clock, alice: Hotkey, bob: Hotkey
) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = LocalLedger(path, rules=rules, now=clock)
    for key in (alice, bob):
        ledger.register(key.address)
    ledger.add_stake(alice.address, 100)
    ledger.serve(bob.address, "http://127.0.0.1:80")
    ledger.set_weights(alice.address, {1: 1})
    clock.now += 10
    before = (ledger.neurons(), ledger.weights(), ledger.block())
    again = LocalLedger(path, rules=rules, now=clock)
    assert (again.neurons(), again.weights(), again.block()) == before
    clock.now += 10
    assert again.neuron(bob.address).balance == 1000


def test_bonds_are_kept_between_epochs(
    rules: Rules, clock: Clock, alice: Hotkey, bob: Hotkey, carol: Hotkey
) -> None:
    ledger = LocalLedger(rules=rules, now=clock)
    for key in (alice, bob, carol):
        ledger.register(key.address)
    for key, stake in ((alice, 600), (bob, 400)):
        ledger.add_stake(key.address, stake)
        ledger.set_weights(key.address, {2: 1})
    clock.now += 10
    assert ledger.neuron(alice.address).dividends == pytest.approx(0.6 * 65535, abs=1)
    ledger.add_stake(bob.address, 200)
    clock.now += 10
    assert ledger.neuron(alice.address).dividends == pytest.approx(0.59 * 65535, abs=1)


def test_two_openers_never_give_one_place_twice(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "ledger.sqlite"
    rules = Rules(neurons=100)
    ledgers = [LocalLedger(path, rules=rules, now=clock) for _ in range(2)]
    addresses = [Hotkey.insecure_from_uri(f"//{index}").address for index in range(12)]
    places: list[int] = []

    def register(which: int) -> None:
        places.extend(ledgers[which % 2].register(a) for a in addresses[which::4])

    threads = [threading.Thread(target=register, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == list(range(12))


def test_a_refused_change_changes_nothing(rules: Rules, clock: Clock, alice: Hotkey) -> None:
    ledger = LocalLedger(rules=rules, now=clock)
    ledger.register(alice.address)
    before = ledger.neurons()
    with pytest.raises(RefusedExtrinsic):
        ledger.add_stake(alice.address, -1)
    with pytest.raises(RefusedExtrinsic):
        ledger.set_weights(alice.address, {0: 1})
    assert ledger.neurons() == before
