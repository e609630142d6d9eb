"""Whatever an enclave's keeper does is refused, each with an error of its own.

The evidence itself is attacked in the other tests here; this is what is built upon it.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushwork.attested import AttestedWorker, Record
from hushwork.attested.evidence import Evidence
from hushwork.attested.keyset import Keys, Keyset, Statement, canonical, read
from hushwork.attested.messages import Hello, Last, Refused, Reply, Tensor
from hushwork.attested.platforms import DevelopmentPlatform
from hushwork.attested.receipt import Receipt
from hushwork.attested.sealing import END, PART
from hushwork.attested.worker import AttestedSession
from hushwork.errors import (
    BadAnswer,
    HushworkError,
    InvalidEvidence,
    InvalidReceipt,
    MalformedBytes,
    ReplayedEvidence,
    StaleEvidence,
    TamperedAnswer,
    UnboundEvidence,
    UnknownMeasurement,
    UntrustedRoot,
    WrongKey,
    WrongModel,
    WrongNonce,
)
from hushwork.guarantee import Prompt
from tests.attested.parties import Parties, X, classifier, writer

Change = Callable[[Reply], Reply]


@pytest.fixture
def parties(tmp_path: Path) -> Parties:
    return Parties(classifier(tmp_path))


def replied(parties: Parties, hello: bytes | None = None) -> Reply:
    _, reply = parties.worker.greet(parties.client.hello() if hello is None else hello)
    return msgspec.msgpack.decode(reply, type=Reply)


def shown_by(worker: AttestedWorker, statement: Statement, keyset: Keyset) -> bytes:
    evidence = worker.platform.evidence(statement.report_data)
    return Reply(canonical(keyset), canonical(statement), evidence.to_bytes()).to_bytes()


def test_evidence_for_a_nonce_of_somebody_else(parties: Parties) -> None:
    parties.client.hello()
    reply = replied(parties, Hello(secrets.token_bytes(32)).to_bytes())
    with pytest.raises(WrongNonce) as raised:
        parties.client.welcome(reply.to_bytes())
    assert raised.type is WrongNonce


def test_evidence_for_a_nonce_of_before(parties: Parties) -> None:
    reply = replied(parties)
    parties.client.welcome(reply.to_bytes())
    parties.client.hello()
    with pytest.raises(ReplayedEvidence):
        parties.client.welcome(reply.to_bytes())


def test_old_evidence_under_a_new_statement(parties: Parties) -> None:
    old, new = replied(parties), replied(parties)
    mixed = Reply(new.keyset, new.statement, old.evidence)
    with pytest.raises(UnboundEvidence, match="report data"):
        parties.client.welcome(mixed.to_bytes())


def test_evidence_for_another_purpose(parties: Parties) -> None:
    nonce = msgspec.msgpack.decode(parties.client.hello(), type=Hello).nonce.hex()
    keys = Keys("5Miner", parties.worker.manifest.digest, int(parties.clock.now) + 99)
    statement = Statement(keys.digest, nonce, "something else")
    with pytest.raises(UnboundEvidence, match="purpose"):
        parties.client.welcome(shown_by(parties.worker, statement, keys.keyset))


def test_a_channel_to_a_key_that_is_not_the_attested_one(parties: Parties) -> None:
    """The keeper puts keys of his own in front of the enclave's."""
    reply = replied(parties)
    keeper = Keys("5Miner", parties.worker.manifest.digest, int(parties.clock.now) + 99)
    with pytest.raises(WrongKey):
        parties.client.welcome(
            Reply(canonical(keeper.keyset), reply.statement, reply.evidence).to_bytes()
        )
    statement = read(Statement, reply.statement)
    forged = Statement(keeper.digest, statement.nonce)
    with pytest.raises(UnboundEvidence):
        parties.client.welcome(
            Reply(canonical(keeper.keyset), canonical(forged), reply.evidence).to_bytes()
        )


@pytest.mark.parametrize("field", ["encryption_key", "hotkey", "manifest", "not_after"])
def test_one_part_of_the_keyset_exchanged(parties: Parties, field: str) -> None:
    reply = replied(parties)
    keyset = read(Keyset, reply.keyset)
    other = Keys("5Thief", "0" * 64, keyset.not_after + 1).keyset
    changed = msgspec.structs.replace(keyset, **{field: getattr(other, field)})
    with pytest.raises(WrongKey):
        parties.client.welcome(
            Reply(canonical(changed), reply.statement, reply.evidence).to_bytes()
        )


def test_an_enclave_of_another_model(parties: Parties, tmp_path: Path) -> None:
    impostor = AttestedWorker(classifier(tmp_path, 3.0), parties.platform, "5Miner", parties.clock)
    _, reply = impostor.greet(parties.client.hello())
    with pytest.raises(WrongModel):
        parties.client.welcome(reply)


def test_keys_that_have_expired(parties: Parties) -> None:
    nonce = msgspec.msgpack.decode(parties.client.hello(), type=Hello).nonce.hex()
    keys = Keys("5Miner", parties.worker.manifest.digest, int(parties.clock.now))
    statement = Statement(keys.digest, nonce)
    with pytest.raises(StaleEvidence, match="keys"):
        parties.client.welcome(shown_by(parties.worker, statement, keys.keyset))


def test_another_platform_and_other_software(
    parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = DevelopmentPlatform.new(parties.clock)
    worker = AttestedWorker(parties.model, stranger, "5Miner", parties.clock)
    _, reply = worker.greet(parties.client.hello())
    with pytest.raises(UntrustedRoot):
        parties.client.welcome(reply)
    where = "hushwork.attested.platforms.development.code_measurement"
    monkeypatch.setattr(where, lambda: bytes(48))
    _, reply = parties.worker.greet(parties.client.hello())
    with pytest.raises(UnknownMeasurement):
        parties.client.welcome(reply)


def test_a_json_that_is_not_canonical(parties: Parties) -> None:
    reply = replied(parties)
    spaced = reply.keyset.replace(b",", b", ", 1)
    with pytest.raises(MalformedBytes, match="canonical"):
        parties.client.welcome(Reply(spaced, reply.statement, reply.evidence).to_bytes())


def test_flipped_bits_in_a_reply(parties: Parties) -> None:
    """Refused, or of no account: a byte of a certificate chain that nothing reads."""
    reply = replied(parties).to_bytes()
    claims = parties.client.welcome(reply).claims
    generator = random.Random(7)
    for place in generator.sample(range(len(reply)), 400):
        flipped = bytearray(reply)
        flipped[place] ^= 1 << generator.randrange(8)
        try:
            found = parties.client.welcome(bytes(flipped)).claims
        except HushworkError:
            continue
        assert found == claims, place


def test_every_flipped_bit_of_an_answer(parties: Parties) -> None:
    session, channel = parties.meet()
    response = parties.worker.run(session, channel.seal(X))
    for place in range(len(response)):
        flipped = bytearray(response)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(TamperedAnswer):
            channel.open(bytes(flipped))
    channel.open(response)
    with pytest.raises(TamperedAnswer, match="what was asked"):
        channel.open(response)


def test_answers_swapped_between_requests(parties: Parties) -> None:
    session, channel = parties.meet()
    first, second = (parties.worker.run(session, channel.seal(X * n)) for n in (1, 2))
    swapped = first[:8] + second[8:]
    with pytest.raises(TamperedAnswer):
        channel.open(swapped)


def streamed(parties: Parties) -> tuple[list[bytes], Callable[[list[bytes]], None]]:
    session, channel = parties.meet()
    parts = list(parties.worker.stream(session, channel.seal(Prompt("Once upon", 6))))

    def take(changed: list[bytes]) -> None:
        for part in changed:
            channel.take(part)

    return parts, take


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts[1:],
        lambda parts: [parts[1], parts[0], *parts[2:]],
        lambda parts: [parts[0], parts[0], *parts[1:]],
        lambda parts: [*parts[:2], parts[-1]],
        lambda parts: [*parts[:2], parts[2][:-1], *parts[3:]],
        lambda parts: [parts[0][:-1] + bytes([parts[0][-1] ^ 1])],
        lambda parts: [parts[0][:5]],
    ],
    ids=["cut off", "swapped", "twice", "left out", "shorter", "flipped", "stump"],
)
def test_parts_of_an_answer_changed(change: Callable[[list[bytes]], list[bytes]]) -> None:
    parts, take = streamed(Parties(writer()))
    with pytest.raises(TamperedAnswer):
        take(change(parts))


def test_an_end_that_hides_parts_is_no_answer() -> None:
    """What came in parts is opened as if it had come whole."""
    parties = Parties(writer())
    session, channel = parties.meet()
    parts = list(parties.worker.stream(session, channel.seal(Prompt("Once upon", 4))))
    with pytest.raises(TamperedAnswer):
        channel.open(parts[-1])


class Lying(AttestedWorker):
    """Its key is attested, and it signs or sends something else than it should."""

    def __init__(self, parties: Parties, lie: Callable[[Last, AttestedSession], Last]) -> None:
        super().__init__(parties.model, parties.platform, parties.hotkey, parties.clock)
        self._lie = lie

    def _last(self, session: AttestedSession, *rest: object) -> Last:
        return self._lie(super()._last(session, *rest), session)  # type: ignore[arg-type]


def resigned(**changes: object) -> Callable[[Last, AttestedSession], Last]:
    """A receipt that says something else, well signed."""

    def lie(last: Last, session: AttestedSession) -> Last:
        receipt = msgspec.structs.replace(read(Receipt, last.receipt), **changes)
        data = canonical(receipt)
        return msgspec.structs.replace(last, receipt=data, signature=session.keys.sign(data))

    return lie


def other_output(last: Last, _: AttestedSession) -> Last:
    (name,) = last.outcome.tensors
    changed = Tensor.of(last.outcome.tensors[name].array + 1)
    return msgspec.structs.replace(
        last, outcome=msgspec.structs.replace(last.outcome, tensors={name: changed})
    )


def other_signature(last: Last, _: AttestedSession) -> Last:
    stranger = Keys("5Miner", "0" * 64, 0)
    return msgspec.structs.replace(last, signature=stranger.sign(last.receipt))


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (other_output, InvalidReceipt),
        (other_signature, InvalidReceipt),
        (lambda last, _: msgspec.structs.replace(last, signature=b""), InvalidReceipt),
        (lambda last, _: msgspec.structs.replace(last, salt=bytes(32)), InvalidReceipt),
        (lambda last, _: msgspec.structs.replace(last, receipt=b"{}"), InvalidReceipt),
        (resigned(model="0" * 64), WrongModel),
        (resigned(manifest="0" * 64), WrongModel),
        (resigned(keyset="0" * 64), InvalidReceipt),
        (resigned(nonce="0" * 64), InvalidReceipt),
        (resigned(request="0" * 64), InvalidReceipt),
        (resigned(answer="0" * 64), InvalidReceipt),
        (resigned(number=7), InvalidReceipt),
        (resigned(parts=1), InvalidReceipt),
        (resigned(purpose="invoice"), InvalidReceipt),
        (resigned(issued=1_700_000_000), InvalidReceipt),
        (resigned(issued=1_900_000_000), InvalidReceipt),
    ],
)
def test_receipts_that_lie(
    parties: Parties, lie: Callable[[Last, AttestedSession], Last], error: type[HushworkError]
) -> None:
    worker = Lying(parties, lie)
    session, reply = worker.greet(parties.client.hello())
    channel = parties.client.welcome(reply)
    with pytest.raises(error) as raised:
        channel.open(worker.run(session, channel.seal(X)))
    assert raised.type is error


def test_a_refusal_is_no_answer(parties: Parties) -> None:
    session, channel = parties.meet()
    request = channel.seal(X)
    asked = session.unseal(request, 1 << 20, parties.clock.now)
    with pytest.raises(HushworkError):
        channel.open(asked.frames.seal(END, Refused.__name__.encode()))


def test_an_end_sent_as_a_part(parties: Parties) -> None:
    session, channel = parties.meet()
    asked = session.unseal(channel.seal(X), 1 << 20, parties.clock.now)
    with pytest.raises(BadAnswer):
        channel.open(asked.frames.seal(PART, b"text"))


def test_every_flipped_bit_of_a_record(parties: Parties) -> None:
    """In all but the evidence, which has a test of its own."""
    session, channel = parties.meet()
    answer = channel.open(parties.worker.run(session, channel.seal(X)))
    data = answer.telling
    evidence = Record.from_bytes(data).evidence
    start = data.index(evidence)
    places = [*range(start), *range(start + len(evidence), len(data))]
    survived = []
    for place in places:
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        try:
            found = Record.from_bytes(bytes(flipped)).check(parties.policy)
        except HushworkError:
            continue
        survived.append((place, found))
    original = Record.from_bytes(data).check(parties.policy)
    for place, found in survived:
        same = (found.receipt, found.claims, found.question, found.manifest)
        wanted = (original.receipt, original.claims, original.question, original.manifest)
        assert same == wanted, place


def test_a_record_put_together_from_two(parties: Parties) -> None:
    session, channel = parties.meet()
    first, second = (
        Record.from_bytes(channel.open(parties.worker.run(session, channel.seal(X * n))).telling)
        for n in (1, 2)
    )
    for fields in (("receipt", "signature"), ("outcome", "salt"), ("told",), ("signature",)):
        taken = {field: getattr(second, field) for field in fields}
        with pytest.raises(InvalidReceipt):
            msgspec.structs.replace(first, **taken).check(parties.policy)


def test_a_record_is_checked_at_the_time_of_its_receipt(parties: Parties) -> None:
    session, channel = parties.meet()
    answer = channel.open(parties.worker.run(session, channel.seal(X)))
    parties.clock.now += 400 * 86400
    Record.from_bytes(answer.evidence).check(parties.policy)
    later = AttestedWorker(parties.model, parties.platform, "5Miner", parties.clock)
    _, reply = later.greet(parties.client.hello())
    stale = Record.from_bytes(answer.evidence).evidence
    mixed = msgspec.structs.replace(msgspec.msgpack.decode(reply, type=Reply), evidence=stale)
    with pytest.raises(InvalidEvidence):
        parties.client.welcome(mixed.to_bytes())


@settings(max_examples=200)
@given(data=st.binary(max_size=400))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    parties = STANDING
    session, channel = MET
    attempts: list[Callable[[], object]] = [
        lambda: parties.worker.greet(data),
        lambda: parties.worker.run(session, data),
        lambda: parties.client.welcome(data),
        lambda: channel.open(data),
        lambda: channel.take(data),
        lambda: Record.from_bytes(data).check(parties.policy),
        lambda: Evidence.from_bytes(data),
    ]
    for attempt in attempts:
        with pytest.raises(HushworkError):
            attempt()


STANDING = Parties(writer())
MET = STANDING.meet()
