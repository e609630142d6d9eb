"""A miner over HTTP: what it refuses, how it says so, and that it goes on working."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import numpy as np
import pytest

from hushwork.errors import (
    Busy,
    HushworkError,
    InsecureGuarantee,
    Interrupted,
    MalformedBytes,
    NotRegistered,
    ParameterMismatch,
    QuotaExceeded,
    ReplayedRequest,
    StaleRequest,
    TooLarge,
    UnderStaked,
    UnknownBlob,
    UnknownManifest,
    UnknownSession,
    Unreachable,
    UnsupportedVersion,
    WrongReceiver,
)
from hushwork.guarantee import Manifest
from hushwork.ledger import TAO
from hushwork.subnet import Miner, MinerSettings
from hushwork.wire import (
    BlobInfo,
    Hotkey,
    Offers,
    SessionReply,
    SessionRequest,
    SignedClient,
    Working,
    decode,
    describe_blob,
    encode,
)
from tests.insecure_plain import HEADER, LIMIT, HangingWorker, InsecureClient, InsecureWorker, pack
from tests.subnet.town import SHAPE, Town, is_at_work, pictures, tiny_network, wait_until

MANIFEST = InsecureWorker(tiny_network()).manifest
OTHER = InsecureWorker(tiny_network(5)).manifest
Spoil = Callable[[bytes], bytes]


def flip(data: bytes, index: int) -> bytes:
    return data[:index] + bytes([data[index] ^ 4]) + data[index + 1 :]


def of_version(data: bytes, version: int) -> bytes:
    return data[:4] + bytes([version]) + data[5:]


def of_other_parameters(data: bytes) -> bytes:
    return pack(OTHER, data[37:53], data[HEADER:])


SPOILT: list[tuple[Spoil, type[HushworkError]]] = [
    (lambda data: data[:40], MalformedBytes),
    (lambda data: data[:-1], MalformedBytes),
    (lambda data: flip(data, len(data) // 2), MalformedBytes),
    (lambda data: flip(data, 0), MalformedBytes),
    (lambda data: of_version(data, 2), UnsupportedVersion),
    (of_other_parameters, ParameterMismatch),
    (lambda data: data + bytes(LIMIT), TooLarge),
]
NAMES = ["header cut", "cut", "bit flipped", "magic", "version", "parameters", "oversized"]


class Customer:
    """A caller with keys, that can be told to send nonsense."""

    def __init__(self, http: SignedClient) -> None:
        self.http = http
        self.keys = InsecureClient(MANIFEST)
        self.session = ""

    def open(self, hello: bytes | None = None, manifest: Manifest = MANIFEST) -> str:
        info = self.http.put_blob(self.keys.hello() if hello is None else hello)
        return self.open_on(info, manifest)

    def open_on(self, info: BlobInfo, manifest: Manifest = MANIFEST) -> str:
        asked = SessionRequest(manifest.digest, info.digest, "upload")
        reply = decode(SessionReply, self.http.post("/sessions", encode(asked)))
        self.session = reply.session
        return self.session

    def ask(self, request: bytes | None = None) -> np.ndarray:
        request = self.keys.seal(pictures()[0]) if request is None else request
        response = self.http.post(f"/sessions/{self.session}/jobs", request)
        return self.keys.open(response).output

    def progress(self) -> Working:
        return decode(Working, self.http.get(f"/sessions/{self.session}/progress"))


def customer_of(town: Town, miner: Miner, name: str = "caller", stake: int = TAO) -> Customer:
    address = miner._hotkey.address
    return Customer(town.caller(name, town.url(address), address, stake))


@pytest.fixture
def miner(town: Town) -> Miner:
    return town.miner("miner", settings=MinerSettings(minimum_stake=TAO))


@pytest.fixture
def customer(town: Town, miner: Miner) -> Iterator[Customer]:
    customer = customer_of(town, miner)
    yield customer
    if not customer.session:
        customer.open()
    assert customer.ask().shape == (4,), "the miner does not work any more"


def test_offers_and_manifests_are_open(town: Town, miner: Miner) -> None:
    url = town.url(miner._hotkey.address)
    [offer] = decode(Offers, httpx.get(f"{url}/offers").content).offers
    assert (offer.guarantee, offer.network) == ("insecure_plain", "tiny")
    manifest = Manifest.from_bytes(httpx.get(f"{url}/manifests/{offer.manifest}").content)
    assert manifest == MANIFEST
    assert httpx.get(f"{url}/manifests/{'0' * 64}").status_code == 404


@pytest.mark.parametrize(("spoil", "error"), SPOILT, ids=NAMES)
def test_a_spoilt_hello_is_refused(
    customer: Customer, spoil: Spoil, error: type[HushworkError]
) -> None:
    with pytest.raises(error) as refused:
        customer.open(spoil(customer.keys.hello()))
    assert refused.value.expected is not None


@pytest.mark.parametrize(("spoil", "error"), SPOILT, ids=NAMES)
def test_a_spoilt_request_is_refused(
    customer: Customer, spoil: Spoil, error: type[HushworkError]
) -> None:
    customer.open()
    with pytest.raises(error) as refused:
        customer.ask(spoil(customer.keys.seal(pictures()[0])))
    assert refused.value.expected is not None


def test_a_request_under_other_keys_is_refused(customer: Customer) -> None:
    customer.open()
    with pytest.raises(ParameterMismatch):
        customer.ask(InsecureClient(MANIFEST).seal(pictures()[0]))


def test_an_image_of_the_wrong_size_is_refused(customer: Customer) -> None:
    customer.open()
    with pytest.raises(MalformedBytes, match=str(SHAPE).replace("(", r"\(").replace(")", r"\)")):
        customer.ask(pack(MANIFEST, customer.keys.key, bytes(8 * 63)))


def test_an_unknown_manifest_is_refused(customer: Customer) -> None:
    with pytest.raises(UnknownManifest, match=f"expected {MANIFEST.digest}, got {OTHER.digest}"):
        customer.open(manifest=OTHER)


def test_a_hello_that_is_not_here_is_refused(customer: Customer) -> None:
    with pytest.raises(UnknownBlob):
        customer.open_on(describe_blob(customer.keys.hello()))


def test_a_hello_that_is_not_complete_is_refused(customer: Customer) -> None:
    info = describe_blob(customer.keys.hello())
    customer.http.put(f"/blobs/{info.digest}", encode(info))
    with pytest.raises(UnknownBlob, match="not complete"):
        customer.open_on(info)


def test_a_message_that_is_no_message_is_refused(customer: Customer) -> None:
    for body in (b"", b"\xc1", os.urandom(200), encode({"manifest": 1})):
        with pytest.raises(MalformedBytes):
            customer.http.post("/sessions", body)
    with pytest.raises(TooLarge):
        customer.http.post("/sessions", bytes(5000))


def test_unknown_sessions_are_refused(customer: Customer) -> None:
    session = customer.open()
    for unknown in ("nonsense", session[:-1], "a" * 500):
        with pytest.raises(UnknownSession):
            customer.http.post(f"/sessions/{unknown}/jobs", b"")
        with pytest.raises(UnknownSession):
            customer.http.post(f"/sessions/{unknown}/close", b"")


def test_somebody_elses_session_is_as_unknown(town: Town, miner: Miner, customer: Customer) -> None:
    session = customer.open()
    other = customer_of(town, miner, "other").http
    for action in ("jobs", "close"):
        with pytest.raises(UnknownSession):
            other.post(f"/sessions/{session}/{action}", b"")
    with pytest.raises(UnknownSession):
        other.get(f"/sessions/{session}/progress")


def test_a_hello_stays_while_another_session_uses_it_or_is_about_to(customer: Customer) -> None:
    hello = customer.keys.hello()
    first, second = customer.open(hello), customer.open(hello)
    customer.http.post(f"/sessions/{first}/close", b"")
    info = describe_blob(hello)
    third = customer.open_on(info)
    assert customer.http.put_blob(hello) == info
    for token in (second, third):
        customer.http.post(f"/sessions/{token}/close", b"")
    customer.open_on(info)


def test_a_closed_session_is_unknown_and_its_hello_gone(customer: Customer) -> None:
    hello = customer.keys.hello()
    customer.open(hello)
    customer.http.post(f"/sessions/{customer.session}/close", b"")
    with pytest.raises(UnknownSession):
        customer.ask()
    with pytest.raises(UnknownBlob):
        customer.open_on(describe_blob(hello))
    customer.session = ""


def test_strangers_and_the_under_staked_are_refused(town: Town, miner: Miner) -> None:
    for name, stake, error in (("stranger", 0, NotRegistered), ("poor", 5, UnderStaked)):
        poor = customer_of(town, miner, name, stake)
        with pytest.raises(error):
            poor.open()
        with pytest.raises(error):
            poor.http.post("/sessions/any/jobs", b"")


def test_mis_addressed_and_stale_requests_are_refused(town: Town, miner: Miner) -> None:
    address = miner._hotkey.address
    url, hotkey = town.url(address), town.join("caller")
    with SignedClient(url, hotkey, hotkey.address) as lost, pytest.raises(WrongReceiver):
        lost.post("/sessions", b"")
    for seconds in (-11, 5):
        now = time.time_ns() + seconds * 10**9
        late = SignedClient(url, hotkey, address, now_ns=partial(int, now))
        with late, pytest.raises(StaleRequest):
            late.post("/sessions", b"")


def test_a_replayed_job_is_refused(town: Town, miner: Miner) -> None:
    customer = customer_of(town, miner)
    customer.open()
    sent: list[httpx.Request] = []
    customer.http._http.event_hooks["request"].append(sent.append)
    customer.ask()
    request = sent[-1]
    body = customer.keys.seal(pictures()[0])
    again = httpx.Request("POST", request.url, headers=request.headers, content=body)
    assert httpx.Client().send(again).status_code == 401
    sent.clear()
    body = b"".join(request.stream)  # type: ignore[arg-type]
    again = httpx.Request("POST", request.url, headers=request.headers, content=body)
    answer = httpx.Client().send(again)
    assert answer.status_code == 401
    assert ReplayedRequest.code.encode() in answer.content


def test_sessions_are_bounded(town: Town) -> None:
    settings = MinerSettings(minimum_stake=TAO, sessions=2, sessions_per_caller=1)
    miner = town.miner("miner", settings=settings)
    first = customer_of(town, miner, "first")
    hello = first.keys.hello()
    oldest = first.open(hello)
    first.open(hello)
    with pytest.raises(UnknownSession):
        first.http.post(f"/sessions/{oldest}/jobs", b"")
    first.ask()
    customer_of(town, miner, "second").open()
    with pytest.raises(Busy):
        customer_of(town, miner, "third").open()


def test_a_large_hello_takes_the_places_of_several(town: Town) -> None:
    settings = MinerSettings(minimum_stake=TAO, sessions_per_caller=2, place_bytes=LIMIT // 2)
    miner = town.miner("miner", settings=settings)
    customer = customer_of(town, miner)
    first = customer.open()
    customer.open()
    with pytest.raises(UnknownSession):
        customer.http.post(f"/sessions/{first}/jobs", b"")
    customer.ask()
    with pytest.raises(MalformedBytes):
        customer.open(b"nonsense")
    customer.open()


def test_a_refused_hello_leaves_its_place_free(town: Town) -> None:
    miner = town.miner("miner", settings=MinerSettings(minimum_stake=TAO, sessions=1))
    customer = customer_of(town, miner)
    for _ in range(2):
        with pytest.raises(MalformedBytes):
            customer.open(b"nonsense")
    customer.open()


def test_blobs_are_bounded(town: Town) -> None:
    miner = town.miner("miner", settings=MinerSettings(minimum_stake=TAO, blob_quota=3 << 20))
    customer = customer_of(town, miner)
    customer.open()
    with pytest.raises(QuotaExceeded):
        customer.open(customer.keys.hello())
    customer.ask()


def test_one_job_at_a_time_and_the_rest_is_busy(town: Town) -> None:
    settings = MinerSettings(minimum_stake=TAO, queue=0)
    miner = town.miner("miner", HangingWorker(tiny_network()), settings)
    customer = customer_of(town, miner)
    customer.open()
    with ThreadPoolExecutor() as pool:
        job = pool.submit(customer.ask)
        wait_until(lambda: is_at_work(miner))
        with pytest.raises(Busy):
            customer.ask()
        miner.close()
        with pytest.raises(Interrupted):
            job.result(10)


def test_the_service_answers_while_a_job_runs(town: Town) -> None:
    miner = town.miner("miner", HangingWorker(tiny_network()))
    customer = customer_of(town, miner)
    customer.open()
    with ThreadPoolExecutor() as pool:
        job = pool.submit(customer.ask)
        url = town.url(miner._hotkey.address)
        assert httpx.get(f"{url}/offers", timeout=2.0).status_code == 200
        assert not job.done()
        miner.close()
        with pytest.raises(Interrupted):
            job.result(10)


def test_a_hello_survives_a_restart(town: Town) -> None:
    customer = customer_of(town, town.miner("miner"))
    hello = customer.keys.hello()
    customer.open(hello)
    town.stops["miner"]()
    again = customer_of(town, town.miner("miner"))
    again.keys = customer.keys
    again.session = customer.session
    with pytest.raises(UnknownSession):
        again.ask()
    again.open_on(describe_blob(hello))
    assert again.ask().shape == (4,)


def test_a_hello_is_fetched_from_the_ledgers_address_of_the_caller_only(
    town: Town, miner: Miner
) -> None:
    customer = customer_of(town, miner)
    hello = describe_blob(customer.keys.hello())
    asked = SessionRequest(MANIFEST.digest, hello.digest, "sender")
    with pytest.raises(Unreachable, match="no address"):
        customer.http.post("/sessions", encode(asked))
    caller = Hotkey.insecure_from_uri("//caller").address
    town.ledger.serve(caller, "http://127.0.0.1:9")
    with pytest.raises(Unreachable):
        customer.http.post("/sessions", encode(asked))
    town.ledger.serve(caller, town.url(miner._hotkey.address))
    with pytest.raises(HushworkError):
        customer.http.post("/sessions", encode(asked))


def test_guarantees_for_tests_are_refused_elsewhere(town: Town) -> None:
    with pytest.raises(InsecureGuarantee):
        Miner(
            hotkey=town.join("miner"),
            ledger=town.ledger,
            workers=[InsecureWorker(tiny_network())],
            directory=town.folder,
        )
