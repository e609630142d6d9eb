"""`proved` behind the one interface: worker, client and judge of one published model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hushwork.errors import (
    BadAnswer,
    BudgetSpent,
    HushworkError,
    InvalidInput,
    InvalidProof,
    MalformedBytes,
    NotFound,
    RefusedManifest,
    UnknownSession,
)
from hushwork.guarantee import load
from hushwork.networks import Network, read_onnx
from hushwork.networks.integers import quantise, quantise_input, run
from hushwork.proved import Evidence, ProvedClient, ProvedSession, ProvedWorker, Vault, publish
from hushwork.proved.messages import Request, Response
from hushwork.proved.shared import model_path, vault_path
from tests.proved.conftest import SHAPE, small_onnx

HOTKEY = "5a hotkey"
RNG = np.random.default_rng(7)
X = RNG.uniform(size=(5, *SHAPE))


@pytest.fixture(scope="module")
def network() -> Network:
    return read_onnx(small_onnx(2), "small")


@pytest.fixture(scope="module")
def shared(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    whole = quantise(network, np.random.default_rng(3).uniform(size=(64, *SHAPE)))
    owner = publish(whole, vault_path(folder, network), log_domain=14)
    model_path(folder, network).write_bytes(owner.publication.to_bytes())
    return folder


@pytest.fixture(scope="module")
def worker(network: Network, shared: Path) -> ProvedWorker:
    made = load("proved").worker(network, None, shared, HOTKEY)
    assert isinstance(made, ProvedWorker)
    return made


@pytest.fixture
def client(worker: ProvedWorker) -> ProvedClient:
    made = load("proved").client(worker.manifest)
    assert isinstance(made, ProvedClient)
    return made


@pytest.fixture
def session(worker: ProvedWorker, client: ProvedClient) -> ProvedSession:
    session, reply = worker.greet(client.hello())
    client.welcome(reply)
    return session


def test_an_answer_is_right_and_proves_it(
    worker: ProvedWorker, client: ProvedClient, session: ProvedSession
) -> None:
    sizes = []
    for x in X:
        response = worker.run(session, client.seal(x))
        answer = client.open(response)
        sizes.append(len(response))
        assert answer.worker == HOTKEY
        findings = Evidence.from_bytes(answer.evidence).check()
        assert findings.output is not None
        assert np.array_equal(findings.output, answer.output)
        assert findings.claim.bound.hotkey == HOTKEY
    assert max(sizes[1:]) < sizes[0] < worker.manifest.response_limit
    whole = findings.model.architecture
    assert quantise_input(whole, X[-1:])[0].ravel().tolist() == (
        findings.input.ravel().tolist() if findings.input is not None else []
    )


def test_judge_and_worker_offer_the_same(
    network: Network, shared: Path, worker: ProvedWorker
) -> None:
    judge = load("proved").judge(network, None, shared)
    assert judge.manifest == worker.manifest
    assert judge.within(X).all()
    assert load("proved").proves
    assert not load("encrypted").proves


def test_what_is_not_published_is_not_offered(network: Network, tmp_path: Path) -> None:
    for shared in (None, tmp_path, tmp_path / "no.vault"):
        with pytest.raises(NotFound, match=r"hush publish makes one; --vault names it"):
            load("proved").worker(network, None, shared)
        with pytest.raises(NotFound, match=r"hush publish makes one; --publication names it"):
            load("proved").judge(network, None, shared)


def test_a_vault_and_a_publication_may_have_any_name(
    network: Network, shared: Path, worker: ProvedWorker, tmp_path: Path
) -> None:
    vault, publication = vault_path(shared, network), model_path(shared, network)
    assert load("proved").worker(network, None, vault, HOTKEY).manifest == worker.manifest
    renamed = tmp_path / "mine.model"
    renamed.write_bytes(publication.read_bytes())
    assert load("proved").judge(network, None, renamed).manifest == worker.manifest


def test_those_of_another_network_are_refused(network: Network, shared: Path) -> None:
    other = dataclasses.replace(network, name="other")
    with pytest.raises(InvalidInput, match="expected one of other"):
        load("proved").worker(other, None, vault_path(shared, network))
    with pytest.raises(InvalidInput, match="expected one of other"):
        load("proved").judge(other, None, model_path(shared, network))


def test_nothing_that_is_told_is_a_hash_of_the_weights(
    network: Network, shared: Path, worker: ProvedWorker
) -> None:
    """Who guesses the file cannot confirm the guess."""
    told = worker.manifest.to_bytes()
    for digest in (network.digest.encode(), bytes.fromhex(network.digest)):
        assert digest not in told
    again = publish(quantise(network, X), shared / "again.vault", log_domain=14)
    assert again.model.digest.hex() != worker.manifest.network_digest


def test_a_worker_says_how_many_proofs_are_left(network: Network, shared: Path) -> None:
    told: list[str] = []
    load("proved").worker(network, lambda phase, *_: told.append(phase), shared)
    assert len(told) == 1
    assert f"{Vault(vault_path(shared, network)).left:,} proofs are left" in told[0]


def test_old_answers_and_answers_to_others_are_refused(
    worker: ProvedWorker, client: ProvedClient, session: ProvedSession
) -> None:
    response = worker.run(session, client.seal(X[0]))
    client.open(response)
    with pytest.raises(BadAnswer):
        client.open(response)
    stranger = ProvedClient(worker.manifest)
    stranger.seal(X[0])
    with pytest.raises(BadAnswer):
        stranger.open(response)


def test_changed_answers_are_refused(
    worker: ProvedWorker, client: ProvedClient, session: ProvedSession
) -> None:
    client.open(worker.run(session, client.seal(X[0])))
    for change in ("hotkey", "input", "proof", "epoch"):
        answer = msgspec.msgpack.decode(worker.run(session, client.seal(X[1])), type=Response)
        claim = answer.claim
        match change:
            case "hotkey":
                bound = msgspec.structs.replace(claim.bound, hotkey="another")
                claim = msgspec.structs.replace(claim, bound=bound)
            case "input":
                claim = msgspec.structs.replace(claim, input=claim.outcome)
            case "proof":
                claim = msgspec.structs.replace(claim, proof=claim.proof[:-1])
        answer = msgspec.structs.replace(answer, claim=claim)
        if change == "epoch":
            answer = msgspec.structs.replace(answer, commitment=b"x" * 52)
        with pytest.raises((BadAnswer, InvalidProof, MalformedBytes)):
            client.open(answer.to_bytes())


def test_an_opening_is_not_taken_twice(
    client: ProvedClient,
    session: ProvedSession,
    network: Network,
    shared: Path,
    tmp_path: Path,
) -> None:
    """A vault that was put back from a copy: the client sees that an opening comes again."""
    copy = tmp_path / vault_path(shared, network).name
    copy.write_bytes(vault_path(shared, network).read_bytes())
    rolled_back = load("proved").worker(network, None, tmp_path, HOTKEY)
    client.open(rolled_back.run(session, client.seal(X[0])))
    again = load("proved").worker(network, None, shared, HOTKEY)
    response = again.run(session, client.seal(X[1]))
    with pytest.raises(BudgetSpent):
        client.open(response)


def test_requests_that_are_none_are_refused(
    worker: ProvedWorker, client: ProvedClient, session: ProvedSession
) -> None:
    good = client.seal(X[0])
    asked = msgspec.msgpack.decode(good, type=Request)
    short = msgspec.structs.replace(asked, input=type(asked.input)(asked.input.data[:-4]))
    loud = msgspec.structs.replace(asked, input=type(asked.input)(b"\xff" * 256))
    for bad in (b"", good[:-1], good + b"\0", short.to_bytes(), loud.to_bytes()):
        with pytest.raises(HushworkError):
            worker.run(session, bad)
    with pytest.raises(MalformedBytes):
        worker.greet(b"")
    with pytest.raises(MalformedBytes):
        client.welcome(b"x")
    session.close()
    with pytest.raises(UnknownSession):
        worker.run(session, good)


@pytest.mark.parametrize("x", [np.zeros((1, 8, 7)), np.full(SHAPE, np.nan)])
def test_inputs_that_do_not_fit_are_refused(client: ProvedClient, x: np.ndarray) -> None:
    with pytest.raises(InvalidInput):
        client.seal(x)


def test_manifests_that_do_not_verify_are_refused(worker: ProvedWorker) -> None:
    manifest = worker.manifest
    for other in (
        msgspec.structs.replace(manifest, body=b""),
        msgspec.structs.replace(manifest, body=manifest.body[:-9] + bytes(9)),
        msgspec.structs.replace(manifest, labels=("a", "b", "c", "d")),
        msgspec.structs.replace(manifest, guarantee="encrypted"),
    ):
        with pytest.raises(RefusedManifest):
            ProvedClient(other)


def test_outputs_are_those_of_the_integer_run(
    network: Network, worker: ProvedWorker, client: ProvedClient, session: ProvedSession
) -> None:
    whole = quantise(network, np.random.default_rng(3).uniform(size=(64, *SHAPE)))
    expected = run(whole, quantise_input(whole.architecture, X[2:3]))[0]
    output = client.open(worker.run(session, client.seal(X[2]))).output
    assert np.allclose(output, expected * whole.architecture.output_scale)
