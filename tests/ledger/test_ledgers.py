"""What every ledger does, run on the local one and on the same behind HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hushwork.errors import MalformedBytes, NotRegistered, RefusedExtrinsic
from hushwork.ledger import Ledger, LedgerClient, LocalLedger, Rules, ledger_app
from hushwork.wire import Gate, Hotkey, MemoryTransport, SignedClient
from tests.ledger.conftest import Clock

PIN = bytes(range(32))

View = Callable[[Hotkey], Ledger]
"""The ledger as one hotkey sees it."""


@pytest.fixture(params=["local", "http"])
def view(request: pytest.FixtureRequest, rules: Rules, clock: Clock, carol: Hotkey) -> View:
    ledger = LocalLedger(rules=rules, now=clock)
    if request.param == "local":
        return lambda _: ledger
    transport = MemoryTransport(ledger_app(ledger, Gate(carol.address)))

    def client(hotkey: Hotkey) -> Ledger:
        http = SignedClient("http://memory", hotkey, carol.address, transport=transport)
        return LedgerClient(http, hotkey)

    return client


def test_time_is_counted_in_blocks(view: View, clock: Clock, alice: Hotkey) -> None:
    assert view(alice).block() == 1
    clock.now += 7.9
    assert view(alice).block() == 8
    clock.now -= 100
    assert view(alice).block() == 1


def test_registration_gives_places_in_order_and_once(
    view: View, alice: Hotkey, bob: Hotkey
) -> None:
    ledger = view(alice)
    assert [ledger.register(key.address) for key in (alice, bob, alice)] == [0, 1, 0]
    neurons = ledger.neurons()
    assert [(n.uid, n.hotkey) for n in neurons] == [(0, alice.address), (1, bob.address)]
    assert ledger.neuron(bob.address) == neurons[1]
    assert (neurons[1].stake, neurons[1].url, neurons[1].validator_permit) == (0, "", False)


def test_there_are_so_many_places(view: View, alice: Hotkey) -> None:
    ledger = view(alice)
    for index in range(4):
        ledger.register(Hotkey.insecure_from_uri(f"//{index}").address)
    with pytest.raises(RefusedExtrinsic, match="at most 4"):
        ledger.register(alice.address)


@pytest.mark.parametrize("address", ["", "x", "a b", "../..", "5" * 48])
def test_only_addresses_register(view: View, alice: Hotkey, address: str) -> None:
    with pytest.raises((RefusedExtrinsic, MalformedBytes)):
        view(alice).register(address)


def test_stake_adds_up_and_brings_permits(view: View, alice: Hotkey, bob: Hotkey) -> None:
    ledger = view(alice)
    for key in (alice, bob):
        ledger.register(key.address)
    assert ledger.add_stake(alice.address, 60) == 60
    assert ledger.add_stake(alice.address, 40) == 100
    assert [n.validator_permit for n in ledger.neurons()] == [True, False]
    assert ledger.neuron(alice.address).validator_permit


@pytest.mark.parametrize("amount", [0, 1 << 61])
def test_stake_out_of_range_is_refused(view: View, alice: Hotkey, amount: int) -> None:
    ledger = view(alice)
    ledger.register(alice.address)
    with pytest.raises(RefusedExtrinsic, match=f"got {amount}"):
        ledger.add_stake(alice.address, amount)


def test_an_unregistered_hotkey_is_said_so(view: View, alice: Hotkey) -> None:
    ledger = view(alice)
    for ask in (
        lambda: ledger.neuron(alice.address),
        lambda: ledger.add_stake(alice.address, 1),
        lambda: ledger.serve(alice.address, "http://127.0.0.1:80"),
        lambda: ledger.set_weights(alice.address, {0: 1}),
    ):
        with pytest.raises(NotRegistered, match=alice.address):
            ask()


@pytest.mark.parametrize(
    ("url", "fingerprint"),
    [("http://127.0.0.1:80", b""), ("https://miner.example:443", PIN), ("http://[::1]:80/", b"")],
)
def test_an_address_is_published(view: View, alice: Hotkey, url: str, fingerprint: bytes) -> None:
    ledger = view(alice)
    ledger.register(alice.address)
    ledger.serve(alice.address, url, fingerprint)
    neuron = ledger.neuron(alice.address)
    assert (neuron.url, neuron.fingerprint) == (url, fingerprint)


@pytest.mark.parametrize(
    ("url", "fingerprint"),
    [
        ("", b""),
        ("http://192.0.2.1:80", b""),
        ("https://a..b:80", PIN),
        ("https://.:80", PIN),
        ("https://a b:80", PIN),
        ("https://%00:80", PIN),
        ("https://[v1.a]:80", PIN),
        ("https://[::1%25lo]:80", PIN),
        (f"https://{'a' * 64}.org:80", PIN),
        ("http://127.0.0.1:80", PIN),
        ("https://miner.example:443", b""),
        ("https://miner.example:443", PIN[:-1]),
        ("https://miner.example", PIN),
        ("https://miner.example:443/path", PIN),
        ("https://user@miner.example:443", PIN),
        ("https://miner.example:99999", PIN),
        ("https://[::1:443", PIN),
        ("file:///etc/passwd", b""),
    ],
)
def test_a_bad_address_is_refused(view: View, alice: Hotkey, url: str, fingerprint: bytes) -> None:
    ledger = view(alice)
    ledger.register(alice.address)
    with pytest.raises(RefusedExtrinsic, match="LOOPBACK"):
        ledger.serve(alice.address, url, fingerprint)
    assert ledger.neuron(alice.address).url == ""


def test_weights_replace_each_other(view: View, clock: Clock, alice: Hotkey, bob: Hotkey) -> None:
    ledger = staked(view, alice, bob)
    ledger.set_weights(alice.address, {0: 1, 1: 2})
    assert ledger.weights() == {0: {0: 32767, 1: 65535}}
    clock.now += 5
    ledger.set_weights(alice.address, {1: 7, 0: 0})
    assert ledger.weights() == {0: {1: 65535}}
    assert ledger.neuron(alice.address).last_update == 5 + 1


def test_weights_follow_the_rules(view: View, clock: Clock, alice: Hotkey, bob: Hotkey) -> None:
    ledger = staked(view, alice, bob)
    with pytest.raises(RefusedExtrinsic, match="permit"):
        view(bob).set_weights(bob.address, {0: 1})
    with pytest.raises(RefusedExtrinsic, match="below 2"):
        ledger.set_weights(alice.address, {2: 1})
    ledger.set_weights(alice.address, {1: 1})
    clock.now += 4
    with pytest.raises(RefusedExtrinsic, match="5 blocks between weights, got 4"):
        ledger.set_weights(alice.address, {0: 1})
    assert ledger.weights() == {0: {1: 65535}}


def test_an_epoch_pays_miners_and_validators(
    view: View, clock: Clock, alice: Hotkey, bob: Hotkey
) -> None:
    ledger = staked(view, alice, bob)
    ledger.set_weights(alice.address, {1: 1})
    clock.now += 8
    assert ledger.neuron(bob.address).emission == 0
    clock.now += 1
    validator, miner = ledger.neurons()
    assert (miner.incentive, miner.dividends) == (65535, 0)
    assert (validator.incentive, validator.dividends) == (0, 65535)
    assert (miner.emission, validator.emission) == (500, 500)
    clock.now += 10
    assert ledger.neuron(bob.address).balance == 1000
    assert ledger.neuron(bob.address).balance == 1000


def test_epochs_that_nobody_saw_pay_nothing(
    view: View, clock: Clock, alice: Hotkey, bob: Hotkey
) -> None:
    ledger = staked(view, alice, bob)
    ledger.set_weights(alice.address, {1: 1})
    clock.now += 50
    assert ledger.neuron(bob.address).balance == 500


def test_weights_that_are_too_old_do_not_count(
    view: View, clock: Clock, alice: Hotkey, bob: Hotkey
) -> None:
    ledger = staked(view, alice, bob)
    ledger.set_weights(alice.address, {1: 1})
    clock.now += 10
    assert ledger.neuron(bob.address).incentive == 65535
    clock.now += 100
    assert ledger.neuron(bob.address).incentive == 0


def staked(view: View, validator: Hotkey, miner: Hotkey) -> Ledger:
    """A ledger at block 1 with a validator and a miner."""
    ledger = view(validator)
    for key in (validator, miner):
        ledger.register(key.address)
    ledger.add_stake(validator.address, 100)
    return ledger
