"""The customers' door: what it offers, what it refuses, and what happens when a miner dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec
import numpy as np
import pytest
from starlette.applications import Starlette

from hushwork.errors import (
    Busy,
    MalformedBytes,
    ParameterMismatch,
    QuotaExceeded,
    TooLarge,
    UnknownBlob,
    UnknownManifest,
    UnknownSession,
    Unreachable,
    WrongReceiver,
)
from hushwork.guarantee import Manifest
from hushwork.ledger import TAO, Neuron
from hushwork.subnet import Gateway, GatewaySettings, Miner, MinerSettings
from hushwork.subnet.catalogue import judgement
from hushwork.subnet.messages import About, Models, Serving
from hushwork.wire import (
    Offer,
    Offers,
    SignedClient,
    decode,
    describe_blob,
    encode,
    make_app,
    open_route,
)
from tests.insecure_plain import HangingWorker, InsecureClient, InsecureSession, InsecureWorker
from tests.subnet.test_miner import MANIFEST, OTHER, Customer, flip
from tests.subnet.town import Town, is_at_work, pictures, tiny_network, wait_until


def customer_at(town: Town, url: str, name: str = "customer") -> Customer:
    """Somebody whom the ledger does not know."""
    about = decode(About, httpx.get(f"{url}/about").content)
    return Customer(town.caller(name, url, about.hotkey, stake=0))


def serving(customer: Customer) -> str:
    return decode(Serving, customer.http.get(f"/sessions/{customer.session}")).hotkey


def stop(town: Town, miners: dict[str, Miner], hotkey: str) -> None:
    """As if its process had been killed: no goodbye, connections refused."""
    [name] = [name for name, miner in miners.items() if miner._hotkey.address == hotkey]
    miners[name].close()
    town.stops[name]()


def test_the_best_judged_miners_and_their_models_come_first(town: Town) -> None:
    """At once, without waiting for an epoch; a validator without a permit says nothing."""
    first, second = town.miner("first"), town.miner("second", InsecureWorker(tiny_network(5)))
    third = town.miner("third")
    uids = [town.ledger.neuron(m._hotkey.address).uid for m in (first, second, third)]
    town.ledger.set_weights(town.join("judge").address, {uids[1]: 65535, uids[2]: 65534})
    town.ledger.set_weights(town.join("other", 3000 * TAO).address, {uids[1]: 1, uids[2]: 1})
    url = town.gateway()
    models = decode(Models, httpx.get(f"{url}/models").content).models
    assert [(m.manifest_digest, m.miners) for m in models] == [
        (OTHER.digest, 1),
        (MANIFEST.digest, 2),
    ]
    customer = customer_at(town, url)
    customer.open()
    assert serving(customer) == third._hotkey.address


def listed(url: str) -> dict[str, float | None]:
    """Seconds of an image by manifest."""
    models = decode(Models, httpx.get(f"{url}/models").content).models
    return {model.manifest_digest: model.seconds for model in models}


def test_the_list_says_how_long_the_best_judged_miner_takes(town: Town) -> None:
    town.miner("first")
    town.miner("second", InsecureWorker(tiny_network(5)))
    validator = town.validator()
    url = town.gateway(settings=GatewaySettings(offers_seconds=0.0))
    assert listed(url) == {MANIFEST.digest: None, OTHER.digest: None}
    validator.run_round()
    [row] = validator.snapshot.rows
    assert row.seconds is not None
    assert listed(url) == {MANIFEST.digest: row.seconds, OTHER.digest: None}
    assert town.door(url).model().seconds == row.seconds


def showing(rows: bytes) -> Starlette:
    """A validator that shows what it likes."""
    text = b'{"hotkey":"x","round":1,"phase":"","done":0,"total":0,"scored_rounds":1,"rows":'
    return make_app([open_route("/scores", lambda _: text + rows + b"}")])


def row(manifest: str, hotkey: str, seconds: object) -> bytes:
    texts = ("hotkey", "url", "task", "manifest", "last_label", "last_error")
    numbers = ("uid", "agreement", "score", "weight")
    fields = dict.fromkeys(texts, "") | dict.fromkeys(numbers, 1) | {"last_correct": True}
    return msgspec.json.encode(
        fields | {"manifest": manifest, "hotkey": hotkey, "seconds": seconds}
    )


def test_validators_are_heard_alike(town: Town) -> None:
    miner = town.miner("miner")._hotkey.address
    for name, seconds in (("a", 1.0), ("b", 3.0), ("c", 100.0)):
        rows = b"[" + row(MANIFEST.digest, miner, seconds) + b"]"
        town.serve(name, town.join(name), showing(rows))
    poor = town.join("poor", stake=TAO)
    town.serve("poor", poor, showing(b"[" + row(MANIFEST.digest, miner, 1e5) + b"]"))
    assert listed(town.gateway()) == {MANIFEST.digest: 3.0}


@pytest.mark.parametrize(
    "seconds", [b"0", b"-1", b"1e9", b"1e999", b"null", b'"fast"', b'1,"x":' + b"[" * 100_000]
)
def test_a_validator_that_shows_nonsense_spoils_nothing(town: Town, seconds: bytes) -> None:
    miner = town.miner("miner")._hotkey.address
    rows = row(MANIFEST.digest, miner, 12345.0).replace(b"12345.0", seconds)
    town.serve("hostile", town.join("hostile"), showing(b"[" + rows + b"]"))
    assert listed(town.gateway()) == {MANIFEST.digest: None}


def test_an_endless_page_of_scores_is_not_read(town: Town) -> None:
    town.miner("miner")
    town.serve("hostile", town.join("hostile"), showing(b"[" + b" " * (2 << 20) + b"]"))
    assert listed(town.gateway()) == {MANIFEST.digest: None}


def test_only_validators_with_a_permit_are_heard() -> None:
    def neuron(uid: int, stake: int, permit: bool) -> Neuron:
        return Neuron(uid, f"h{uid}", stake, permit, "", b"", 0, 0, 0, 0, 0)

    neurons = [neuron(0, 10, True), neuron(1, 30, True), neuron(2, 90, False), neuron(3, 0, False)]
    weights = {0: {2: 1, 3: 1}, 1: {3: 7}, 2: {2: 9}, 8: {2: 1}}
    assert judgement(neurons, weights) == {0: 0, 1: 0, 2: 5, 3: 35}


def test_customers_need_not_be_registered(town: Town) -> None:
    town.miner("miner")
    customer = customer_at(town, town.gateway())
    customer.open()
    assert customer.ask().shape == (4,)


def test_a_miner_killed_in_mid_job_is_replaced_and_the_job_is_done(town: Town) -> None:
    hanging = {"a": town.miner("a", HangingWorker(tiny_network()))}
    url = town.gateway(settings=GatewaySettings(offers_seconds=0.0))
    customer = customer_at(town, url)
    customer.open()
    assert serving(customer) == hanging["a"]._hotkey.address
    with ThreadPoolExecutor() as pool:
        job = pool.submit(customer.ask)
        wait_until(lambda: is_at_work(hanging["a"]))
        honest = town.miner("b")
        stop(town, hanging, serving(customer))
        expected = InsecureWorker(tiny_network()).answer(pictures()[0])
        assert np.allclose(job.result(20), expected)
    assert serving(customer) == honest._hotkey.address


def test_the_next_job_goes_to_another_miner_without_a_new_upload(town: Town) -> None:
    miners = {name: town.miner(name) for name in "ab"}
    customer = customer_at(town, town.gateway())
    customer.open()
    first = serving(customer)
    stop(town, miners, first)
    assert customer.ask().shape == (4,)
    assert serving(customer) != first


def test_a_miner_that_forgot_the_session_is_asked_again(town: Town) -> None:
    miner = town.miner("a")
    customer = customer_at(town, town.gateway())
    customer.open()
    miner._sessions.close_all()
    assert customer.ask().shape == (4,)
    assert serving(customer) == miner._hotkey.address


def test_when_no_miner_is_left_it_says_so_and_goes_on(town: Town) -> None:
    miners = {"a": town.miner("a")}
    customer = customer_at(town, town.gateway())
    customer.open()
    stop(town, miners, serving(customer))
    with pytest.raises(Unreachable):
        customer.ask()
    town.miner("a")
    assert customer.ask().shape == (4,)


class Personal(InsecureWorker):
    """A worker whose reply to a hello is its own, as one with a sealed channel has."""

    reply = b""

    def greet(self, hello: bytes | memoryview) -> tuple[InsecureSession, bytes]:
        return super().greet(hello)[0], self.reply


def test_if_the_next_miner_replies_differently_the_session_has_to_be_opened_again(
    town: Town,
) -> None:
    workers = {name: Personal(tiny_network()) for name in "ab"}
    for name, worker in workers.items():
        worker.reply = name.encode()
    miners = {name: town.miner(name, worker) for name, worker in workers.items()}
    customer = customer_at(town, town.gateway())
    customer.open()
    stop(town, miners, serving(customer))
    with pytest.raises(UnknownSession):
        customer.ask()


def test_a_spoilt_hello_or_request_is_refused_with_the_miners_words(town: Town) -> None:
    town.miner("a")
    customer = customer_at(town, town.gateway())
    with pytest.raises(MalformedBytes):
        customer.open(customer.keys.hello()[:-1])
    customer.open()
    with pytest.raises(MalformedBytes):
        customer.ask(flip(customer.keys.seal(pictures()[0]), 100))
    with pytest.raises(ParameterMismatch):
        customer.ask(InsecureClient(MANIFEST).seal(pictures()[0]))
    with pytest.raises(TooLarge):
        customer.ask(bytes(MANIFEST.request_limit + 1))
    assert customer.ask().shape == (4,)


def test_what_is_not_here_is_unknown(town: Town) -> None:
    town.miner("a")
    customer = customer_at(town, town.gateway())
    with pytest.raises(UnknownManifest, match=f"expected {MANIFEST.digest}, got {OTHER.digest}"):
        customer.open(manifest=OTHER)
    with pytest.raises(UnknownBlob):
        customer.open_on(describe_blob(b"never uploaded"))
    with pytest.raises(UnknownSession):
        customer.http.get("/sessions/nonsense")
    customer.open()
    other = customer_at(town, town.url(town.join("gateway", 0).address), "other")
    other.session = customer.session
    with pytest.raises(UnknownSession):
        other.ask()


def test_a_customer_has_limits(town: Town) -> None:
    town.miner("a")
    settings = GatewaySettings(sessions_per_caller=1, blob_quota=3 << 20)
    url = town.gateway(settings=settings)
    customer = customer_at(town, url)
    hello = customer.keys.hello()
    first = customer.open(hello)
    customer.open(hello)
    with pytest.raises(UnknownSession):
        customer.http.get(f"/sessions/{first}")
    with pytest.raises(QuotaExceeded, match="blobs"):
        customer.open(customer.keys.hello())
    customer_at(town, url, "other").open()


def test_one_job_at_a_time_in_a_session(town: Town) -> None:
    miner = town.miner("a", HangingWorker(tiny_network()), MinerSettings())
    customer = customer_at(town, town.gateway())
    customer.open()
    with ThreadPoolExecutor() as pool:
        job = pool.submit(customer.ask)
        wait_until(lambda: is_at_work(miner))
        with pytest.raises(Busy):
            customer.ask()
        miner.close()
        town.stops["a"]()
        with pytest.raises(Unreachable):
            job.result(20)


def test_closing_a_session_closes_it_at_the_miner_and_forgets_the_hello(town: Town) -> None:
    miner = town.miner("a")
    customer = customer_at(town, town.gateway())
    customer.open()
    customer.http.post(f"/sessions/{customer.session}/close", b"")
    with pytest.raises(UnknownSession):
        customer.ask()
    wait_until(lambda: len(miner._sessions) == 0)
    assert list((town.folder / "gateway" / "blobs").iterdir()) == []


def test_offers_of_guarantees_for_tests_are_passed_over_elsewhere(town: Town) -> None:
    town.miner("a")
    gateway = Gateway(hotkey=town.join("gw"), ledger=town.ledger, directory=town.folder / "gw")
    assert gateway._catalogue.listing().models() == ()


def test_a_request_to_another_gateway_is_refused(town: Town) -> None:
    url = town.gateway()
    stranger = town.join("elsewhere").address
    with SignedClient(url, town.join("x"), stranger) as lost, pytest.raises(WrongReceiver):
        lost.post("/sessions", b"")


def hostile_app(manifests: list[Manifest]) -> Starlette:
    """Offers whatever it likes."""
    offers = Offers(tuple(Offer(m.digest, m.guarantee, "tiny") for m in manifests))
    by_digest = {manifest.digest: manifest.to_bytes() for manifest in manifests}
    return make_app(
        [
            open_route("/offers", lambda _: encode(offers)),
            open_route("/manifests/{digest}", lambda r: by_digest[r.path_params["digest"]]),
        ]
    )


@pytest.mark.parametrize(
    "lie",
    [
        {"network": "x" * 201},
        {"network": ""},
        {"network_digest": "no digest"},
        {"hello_limit": 1 << 60},
        {"request_limit": 1 << 60},
        {"response_limit": 1 << 60},
        {"response_limit": -1},
    ],
)
def test_a_manifest_that_would_not_travel_is_passed_over(
    town: Town, lie: dict[str, object]
) -> None:
    """It would spoil the whole list, or let a miner fill the gateway's memory."""
    town.miner("miner")
    worse = town.join("hostile", stake=0)
    false = msgspec.structs.replace(MANIFEST, **lie)
    town.serve("hostile", worse, hostile_app([false]))
    models = decode(Models, httpx.get(f"{town.gateway()}/models").content).models
    assert [m.manifest_digest for m in models] == [MANIFEST.digest]


def test_a_miner_with_ever_more_offers_is_heard_a_little(town: Town) -> None:
    many = [msgspec.structs.replace(MANIFEST, network=f"net {index}") for index in range(100)]
    town.serve("hostile", town.join("hostile", stake=0), hostile_app(many))
    models = decode(Models, httpx.get(f"{town.gateway()}/models").content).models
    assert len(models) == 16
