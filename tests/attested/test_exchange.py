"""An honest enclave and its clients: what is promised, with no socket and no sleep."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hushwork.attested import AttestedClient, AttestedWorker, Policy, Record, guarantee
from hushwork.attested.client import REUSE_SECONDS
from hushwork.attested.messages import BLOCK, Tensors, Written
from hushwork.attested.platforms import DevelopmentPlatform
from hushwork.attested.sealing import Window
from hushwork.attested.worker import KEY_SECONDS
from hushwork.errors import (
    InvalidInput,
    InvalidPolicy,
    NotFound,
    RefusedManifest,
    ReplayedRequest,
    StaleEvidence,
    UnknownSession,
    UntrustedRoot,
    WrongKey,
)
from hushwork.guarantee import Answer, Manifest, Prompt, StreamingWorker, load
from tests.attested.parties import HOTKEY, Parties, X, classifier, several, writer


@pytest.fixture
def parties(tmp_path: Path) -> Parties:
    return Parties(classifier(tmp_path))


def test_a_classifier_answers_with_a_receipt(parties: Parties) -> None:
    session, channel = parties.meet()
    answer = channel.open(parties.worker.run(session, channel.seal(X)))
    np.testing.assert_allclose(answer.output, [1.75, -0.75], atol=1e-6)
    assert answer.worker == HOTKEY
    findings = Record.from_bytes(answer.evidence).check(parties.policy)
    assert findings.manifest.labels == ("more", "less")
    assert findings.receipt.model == parties.model.digest
    assert findings.receipt.issued == int(parties.clock.now)
    assert findings.question is None
    told = Record.from_bytes(answer.telling).check(parties.policy).question
    assert isinstance(told, Tensors)
    np.testing.assert_allclose(told.values["x"].array, X[None])


def test_evidence_does_not_tell_the_input(parties: Parties) -> None:
    session, channel = parties.meet()
    answer = channel.open(parties.worker.run(session, channel.seal(X)))
    needle = X.astype("<f4").tobytes()
    assert needle in answer.telling
    assert needle not in answer.evidence
    again = channel.open(parties.worker.run(session, channel.seal(X)))
    first, second = (Record.from_bytes(one.evidence).receipt for one in (answer, again))
    assert first != second, "the same question is not recognised by its digest"


def test_models_of_several_tensors(tmp_path: Path) -> None:
    parties = Parties(several(tmp_path))
    session, channel = parties.meet()
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    feeds = {"a": a, "count": np.array(7)}
    answer = channel.open(parties.worker.run(session, channel.seal(feeds)))
    np.testing.assert_array_equal(answer.tensors["total"], 2 * a + 7)
    np.testing.assert_array_equal(answer.tensors["first"], a[0])


def test_a_language_model_streams_parts_bound_into_the_receipt() -> None:
    parties = Parties(writer())
    session, channel = parties.meet()
    assert isinstance(parties.worker, StreamingWorker)
    prompt = Prompt("Once upon a time", most_tokens=20)
    taken = [channel.take(part) for part in parties.worker.stream(session, channel.seal(prompt))]
    answer = taken.pop()
    assert isinstance(answer, Answer)
    assert len(taken) == 20
    assert "".join(map(str, taken)) == answer.text != ""
    findings = Record.from_bytes(answer.telling).check(parties.policy)
    assert findings.receipt.parts == 20
    assert findings.text == answer.text
    assert isinstance(findings.question, Written)
    whole = channel.open(parties.worker.run(session, channel.seal(prompt)))
    assert whole.text == answer.text
    np.testing.assert_array_equal(whole.output, answer.output)


def test_what_is_wrong_with_a_question_only_its_client_reads(tmp_path: Path) -> None:
    parties = Parties(several(tmp_path))
    session, channel = parties.meet()
    response = parties.worker.run(session, channel.seal({"a": np.zeros((2, 3), np.float32)}))
    assert b"count" not in response
    with pytest.raises(InvalidInput, match="count"):
        channel.open(response)


@pytest.mark.parametrize("x", ["text", {"x": X}, X[:2], [np.nan] * 3, Prompt("x")])
def test_inputs_of_another_kind_are_refused_here(parties: Parties, x: object) -> None:
    _, channel = parties.meet()
    with pytest.raises(InvalidInput):
        channel.seal(x)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt("x" * (64 << 10) + "x"),
        Prompt("\N{DROMEDARY CAMEL}" * (40 << 10)),
        Prompt("x", most_tokens=0),
        Prompt("x", most_tokens=1 << 20),
        Prompt("x", temperature=-1.0),
        Prompt("x", temperature=float("nan")),
        Prompt("x", seed=-1),
        Prompt("x", stop=("s",) * 17),
        Prompt("\ud800"),
    ],
)
def test_prompts_out_of_bounds_are_refused_here(prompt: Prompt) -> None:
    _, channel = Parties(writer()).meet()
    with pytest.raises(InvalidInput):
        channel.seal(prompt)


def test_lengths_hide_small_differences() -> None:
    parties = Parties(writer())
    session, channel = parties.meet()
    requests = [channel.seal("a" * n) for n in (3, 40)]
    assert len(requests[0]) == len(requests[1])
    parts = [len(part) for part in parties.worker.stream(session, requests[0])][:-1]
    assert len(set(parts)) == 1
    assert parts[0] < 2 * BLOCK


def test_evidence_is_used_for_ten_minutes(parties: Parties) -> None:
    session, channel = parties.meet()
    parties.clock.now += REUSE_SECONDS - 1
    channel.open(parties.worker.run(session, channel.seal(X)))
    parties.clock.now += 1
    with pytest.raises(StaleEvidence, match="used before"):
        channel.seal(X)
    session, channel = parties.meet()
    channel.open(parties.worker.run(session, channel.seal(X)))


def test_an_answer_to_a_nonce_of_ten_minutes_ago_is_refused(parties: Parties) -> None:
    hello = parties.client.hello()
    parties.clock.now += REUSE_SECONDS + 1
    _, reply = parties.worker.greet(hello)
    with pytest.raises(StaleEvidence, match="at most 600"):
        parties.client.welcome(reply)


def test_one_nonce_serves_many_enclaves(tmp_path: Path) -> None:
    parties = Parties(classifier(tmp_path))
    other = AttestedWorker(parties.model, parties.platform, "5Other", parties.clock)
    hello = parties.client.hello()
    for worker in (parties.worker, other):
        session, reply = worker.greet(hello)
        channel = parties.client.welcome(reply)
        answer = channel.open(worker.run(session, channel.seal(X)))
        assert answer.worker in {HOTKEY, "5Other"}


def test_keys_are_changed_every_hour_and_expire(parties: Parties) -> None:
    (first, _), (same, _) = parties.meet(), parties.meet()
    assert first.keys is same.keys
    parties.clock.now += KEY_SECONDS
    changed, channel = parties.meet()
    assert changed.keys is not first.keys
    parties.clock.now += 2 * KEY_SECONDS
    with pytest.raises(UnknownSession):
        parties.worker.run(changed, b"")
    with pytest.raises(StaleEvidence):
        channel.seal(X)


def test_a_request_is_answered_once(parties: Parties) -> None:
    session, channel = parties.meet()
    requests = [channel.seal(X) for _ in range(3)]
    for request in (requests[1], requests[0], requests[2]):
        channel.open(parties.worker.run(session, request))
        with pytest.raises(ReplayedRequest):
            parties.worker.run(session, request)


def test_a_request_belongs_to_its_session(parties: Parties) -> None:
    _, channel = parties.meet()
    other, _ = parties.meet()
    with pytest.raises(WrongKey):
        parties.worker.run(other, channel.seal(X))


def test_answers_in_flight_may_overtake_one_another(parties: Parties) -> None:
    session, channel = parties.meet()
    requests = [channel.seal(X * n) for n in range(4)]
    responses = [parties.worker.run(session, request) for request in requests]
    for n in (2, 0, 3, 1):
        expected = [2 * n * X.sum(), 1 - 2 * n * X.sum()]
        np.testing.assert_allclose(channel.open(responses[n]).output, expected, atol=1e-6)


def test_all_who_serve_a_model_offer_the_same(tmp_path: Path) -> None:
    manifests = [Parties(classifier(tmp_path)).worker.manifest for _ in range(2)]
    assert manifests[0] == manifests[1] == guarantee.judge(classifier(tmp_path)).manifest
    assert manifests[0].takes == "numbers"
    assert manifests[0].input_shape == (3,)
    assert Parties(classifier(tmp_path, 3.0)).worker.manifest != manifests[0]


@pytest.mark.parametrize(
    "changes",
    [{"takes": "text"}, {"streams": True}, {"guarantee": "other"}, {"labels": ("a",)},
     {"input_shape": (4,)}, {"body": b"\x91\xa7numbers"}],
)  # fmt: skip
def test_a_manifest_that_contradicts_itself_is_refused(
    parties: Parties, tmp_path: Path, changes: dict[str, object]
) -> None:
    fields = {name: getattr(parties.worker.manifest, name) for name in Manifest.__struct_fields__}
    policy = tmp_path / "policy.toml"
    policy.write_text(parties.policy.to_toml())
    guarantee.client(Manifest(**fields), policy)
    with pytest.raises(RefusedManifest):
        guarantee.client(Manifest(**(fields | changes)), policy)


def test_without_a_policy_nobody_is_trusted(parties: Parties, tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match="hush policy"):
        load("attested").client(parties.worker.manifest)
    with pytest.raises(NotFound):
        load("attested").client(parties.worker.manifest, tmp_path / "none.toml")


def test_without_an_enclave_nothing_is_served(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="protects nothing"):
        guarantee.worker(classifier(tmp_path), shared=tmp_path)
    DevelopmentPlatform.open(tmp_path)
    assert guarantee.worker(classifier(tmp_path), shared=tmp_path).platform.insecure


def test_a_production_policy_refuses_the_development_platform(parties: Parties) -> None:
    text = parties.policy.to_toml()
    lines = [line for line in text.splitlines() if not line.startswith("insecure_development")]
    strict = Policy.from_toml("\n".join(lines))
    client = AttestedClient(parties.worker.manifest, strict, parties.clock)
    _, reply = parties.worker.greet(client.hello())
    with pytest.raises(UntrustedRoot):
        client.welcome(reply)


def test_numbers_of_a_session_come_once() -> None:
    window = Window()
    numbers = [5, 3, 4, 5, 2000, 976, 977, 3000, 1976, 2000, 2001, 1 << 50, 3001]
    taken = [window.take(number) for number in numbers]
    late = [5, 976, 1976, 2000, 3001]
    assert [number for number, new in zip(numbers, taken, strict=True) if not new] == late


def test_customers_and_verifiers_do_without_what_runs_models() -> None:
    code = (
        "import sys, hushwork.attested\n"
        "heavy = {'onnx', 'onnxruntime', 'tokenizers'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
