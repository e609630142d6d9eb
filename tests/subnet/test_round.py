"""A validator's round, as logic: no sockets, no sleeping."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushwork.errors import Busy, Unreachable
from hushwork.guarantee import Array
from hushwork.subnet.history import Standing
from hushwork.subnet.steps import (
    Answered,
    CloseSession,
    DeadlinePassed,
    Failed,
    FetchOffers,
    OpenSession,
    PublishHello,
    Record,
    SendRequest,
    WithdrawHello,
)
from tests.insecure_plain import HEADER, InsecureWorker, pack
from tests.subnet.stage import TASK, Miner, Stage, honest, session_of
from tests.subnet.town import pictures, tiny_network


def answering(answer: object) -> Miner:
    """A miner whose worker answers with a function of the image."""
    worker = InsecureWorker(tiny_network())
    worker.answer = answer  # type: ignore[method-assign, assignment]
    return lambda request: worker.run(session_of(request), request)


def test_honest_miners_are_right_every_time() -> None:
    judged = Stage({"a": honest(), "b": honest()}).play()
    for answers in judged.values():
        assert len(answers) == 4
        assert all(answer.correct and answer.error == "" for answer in answers)
        assert all(answer.label in TASK.manifest.labels for answer in answers)
        assert Standing(answers).score == 64000.0


def test_a_visit_goes_from_offers_to_farewell() -> None:
    stage = Stage({"a": honest()}, images=2)
    stage.play()
    assert [type(instruction) for instruction in stage.trace] == [
        PublishHello,
        FetchOffers,
        OpenSession,
        SendRequest,
        SendRequest,
        CloseSession,
        WithdrawHello,
        Record,
    ]


def test_keys_die_before_anything_is_recorded() -> None:
    stage = Stage({"a": honest()})
    stage.play()
    assert isinstance(stage.trace[-1], Record)
    with pytest.raises(ValueError, match="closed"):
        stage.client.open(b"")


def test_an_abandoned_round_destroys_its_keys_and_says_nothing() -> None:
    stage = Stage({"a": honest()})
    stage.start()
    stage.round.abandon()
    assert stage.client.closed
    assert stage.round.handle(Failed("a", "unreachable"), 1.0) == []


def test_every_request_is_another_ciphertext_of_another_image() -> None:
    stage = Stage({"a": honest(), "b": honest(), "c": honest()})
    stage.play()
    requests = [step.request for step in stage.trace if isinstance(step, SendRequest)]
    assert len(requests) == len({request[HEADER:] for request in requests}) == 12


def test_jobs_on_one_host_never_overlap() -> None:
    stage = Stage({name: honest() for name in "abcd"}, hosts=dict.fromkeys("abcd", "one"))
    stage.start()
    while stage.pending:
        assert len(stage.pending) == 1
        stage.step()
    assert len(stage.judged or ()) == 16


def test_hosts_do_not_wait_for_one_another() -> None:
    stage = Stage(
        {name: honest() for name in "abcd"}, hosts={**dict.fromkeys("ab", "x"), "c": "y", "d": "z"}
    )
    stage.start()
    assert {step.peer.host for step in stage.pending} == {"x", "y", "z"}
    while stage.pending:
        hosts = [step.peer.host for step in stage.pending]
        assert len(hosts) == len(set(hosts))
        stage.step()


def test_miners_are_visited_in_an_order_of_the_round() -> None:
    def order(seed: int) -> tuple[str, ...]:
        stage = Stage({name: honest() for name in "abcd"}, images=1, seed=seed)
        stage.play()
        return tuple(step.peer.hotkey for step in stage.trace if isinstance(step, FetchOffers))

    orders = {order(seed) for seed in range(6)}
    assert len(orders) > 2
    assert all(sorted(names) == list("abcd") for names in orders)


def surrogate(image: Array) -> Array:
    """Every label right, every logit a little off: a smaller network."""
    output = InsecureWorker(tiny_network()).answer(image)
    return 0.95 * output


def constant(_: Array) -> Array:
    return InsecureWorker(tiny_network()).answer(pictures()[0])


def shuffled(image: Array) -> Array:
    return np.roll(InsecureWorker(tiny_network()).answer(image), 1)


def scaled(image: Array) -> Array:
    return 2 * InsecureWorker(tiny_network()).answer(image)


def nothing(_: Array) -> Array:
    return np.full(4, np.nan)


@pytest.mark.parametrize("cheat", [surrogate, constant, shuffled, scaled, nothing])
def test_a_cheat_earns_nothing(cheat: object) -> None:
    answers = Stage({"a": answering(cheat)}, images=12).play()["a"]
    assert Standing(answers).score < 1e-20
    assert {answer.error for answer in answers if not answer.correct} == {"wrong_answer"}


def test_a_surrogate_would_have_had_the_labels() -> None:
    answers = Stage({"a": answering(surrogate)}, images=12).play()["a"]
    honest_labels = [a.label for a in Stage({"a": honest()}, images=12).play()["a"]]
    assert [answer.label for answer in answers] == honest_labels


def test_an_earlier_answer_earns_nothing() -> None:
    """Right once, then the same answer again, as of this session or of another miner's."""
    seen: list[bytes] = []
    work = honest()

    def parrot(request: bytes) -> bytes:
        seen.append(work(request))
        return seen[0]

    answers = Stage({"a": parrot}, images=8).play()["a"]
    assert [answer.correct for answer in answers] == [True] + 7 * [False]
    assert Standing(answers).score < 1e-15


def test_an_answer_lent_by_another_miner_earns_nothing() -> None:
    lent: list[bytes] = []
    work = honest()

    def lender(request: bytes) -> bytes:
        lent.append(work(request))
        return lent[-1]

    for seed in range(8):
        lent.clear()
        miners: dict[str, Miner] = {"a": lender, "b": lambda _: lent.pop(0) if lent else b""}
        stage = Stage(miners, seed=seed)
        answers = stage.play()
        assert all(answer.correct for answer in answers["a"])
        assert not any(answer.correct for answer in answers["b"])
        if {answer.error for answer in answers["b"]} == {"wrong_answer"}:
            return
    raise AssertionError("the borrower always came first")


def test_an_answer_of_an_earlier_round_does_not_open() -> None:
    kept: list[bytes] = []
    work = honest()

    def hoarder(request: bytes) -> bytes:
        kept.append(work(request))
        return kept[0]

    Stage({"a": hoarder}, images=1).play()
    answers = Stage({"a": hoarder}, images=1).play()["a"]
    assert answers[0].error == "bad_answer"
    assert answers[0].label == ""


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_rubbish_is_a_failure_and_the_next_job_is_sent(rubbish: bytes) -> None:
    answers = Stage({"a": lambda _: rubbish}, images=2).play()["a"]
    assert [answer.correct for answer in answers] == [False, False]
    assert all(answer.error for answer in answers)


def test_an_answer_with_too_few_numbers_is_a_failure() -> None:
    def short(request: bytes) -> bytes:
        return pack(TASK.manifest, request[37:53], np.zeros(3).tobytes())

    assert {a.error for a in Stage({"a": short}).play()["a"]} == {"malformed_bytes"}


def test_a_miner_that_dies_fails_the_rest_of_its_jobs_and_hurts_nobody() -> None:
    calls: list[bytes] = []
    work = honest()

    def dying(request: bytes) -> bytes:
        calls.append(request)
        if len(calls) > 1:
            raise Unreachable("gone")
        return work(request)

    stage = Stage({"a": dying, "b": honest()})
    judged = stage.play()
    assert [answer.correct for answer in judged["a"]] == [True, False, False, False]
    assert [answer.error for answer in judged["a"]][1:] == 3 * ["unreachable"]
    assert len(calls) == 2
    assert all(answer.correct for answer in judged["b"])


def test_a_miner_that_refuses_a_job_gets_the_next_one() -> None:
    def busy(_: bytes) -> bytes:
        raise Busy("later")

    answers = Stage({"a": busy}).play()["a"]
    assert [answer.error for answer in answers] == 4 * ["busy"]


def test_refusing_a_session_fails_all_its_jobs() -> None:
    answers = Stage({"a": honest()}, refuses_to_open="a").play()["a"]
    assert [answer.error for answer in answers] == 4 * ["busy"]


def test_silence_counts_for_miners_that_served_lately_only() -> None:
    stage = Stage({"a": honest(), "b": honest()}, silent="ab", known=frozenset("a"))
    judged = stage.play()
    assert [answer.error for answer in judged["a"]] == 4 * ["unreachable"]
    assert judged["b"] == []


def test_who_offers_something_else_is_left_alone() -> None:
    stage = Stage({"a": honest(), "b": honest()}, idle="a")
    judged = stage.play()
    assert judged["a"] == []
    assert stage.round.offering == {"b"}
    assert (stage.round.done, stage.round.total) == (4, 4)


def test_a_reply_to_the_hello_that_is_not_welcome_fails_the_session() -> None:
    stage = Stage({"a": honest()})
    stage.client.welcome = lambda _: stage.client.open(b"")  # type: ignore[method-assign]
    answers = stage.play()["a"]
    assert [answer.error for answer in answers] == 4 * ["malformed_bytes"]
    assert any(isinstance(step, CloseSession) for step in stage.trace)


def test_no_request_goes_out_after_the_deadline() -> None:
    stage = Stage({"a": honest(), "b": honest()}, seconds=5.0)
    judged = stage.play()
    assert sum(len(answers) for answers in judged.values()) == 3
    assert all(answer.correct for answers in judged.values() for answer in answers)


def test_what_is_under_way_when_the_round_ends_is_late_and_the_rest_is_not_counted() -> None:
    stage = Stage({"a": honest(), "b": honest()})
    stage.start()
    for _ in range(3):
        stage.step()
    assert isinstance(stage.pending[0], SendRequest)
    late = stage.pending[0].peer.hotkey
    stage.tell(DeadlinePassed())
    assert [answer.error for answer in stage.judged or ()] == ["", "late"]
    assert {answer.hotkey for answer in stage.judged or ()} == {late}
    assert stage.round.handle(Answered(late, b"", 1.0), 99.0) == []


def test_a_round_without_miners_ends_at_once() -> None:
    assert Stage({}).play() == {}


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.sampled_from(["honest", "rubbish", "dead", "busy"]), min_size=1
    ),
    st.integers(0, 1000),
)
def test_every_round_ends_with_every_job_judged(kinds: dict[str, str], seed: int) -> None:
    def rubbish(_: bytes) -> bytes:
        return b"rubbish"

    def dead(_: bytes) -> bytes:
        raise Unreachable("dead")

    def busy(_: bytes) -> bytes:
        raise Busy("busy")

    behaviours = {"honest": honest(), "rubbish": rubbish, "dead": dead, "busy": busy}
    hosts = {name: "even" if ord(name) % 2 else "odd" for name in kinds}
    stage = Stage({n: behaviours[k] for n, k in kinds.items()}, hosts, images=3, seed=seed)
    judged = stage.play()
    for name, kind in kinds.items():
        assert len(judged[name]) == 3
        assert all(answer.correct == (kind == "honest") for answer in judged[name])
    assert stage.round.done == stage.round.total
