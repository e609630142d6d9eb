"""A customer's session at a gateway, as logic: miners are functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from hushwork.errors import (
    Busy,
    HushworkError,
    Interrupted,
    MalformedBytes,
    NotFound,
    TooLarge,
    UnknownSession,
    Unreachable,
)
from hushwork.guarantee import Manifest
from hushwork.ledger import Neuron
from hushwork.subnet.relay import Relay, Route
from hushwork.wire import SessionReply, Working, encode
from tests.insecure_plain import InsecureStreamer, InsecureWorker
from tests.subnet.town import tiny_network

MANIFEST = InsecureWorker(tiny_network()).manifest
Outcome = bytes | HushworkError


def neuron(uid: int, name: str) -> Neuron:
    fields = dict.fromkeys(Neuron.__struct_fields__, 0)
    return Neuron(**fields | {"uid": uid, "hotkey": name, "url": "", "fingerprint": b""})  # type: ignore[arg-type]


def outcome(made: Outcome) -> bytes:
    if isinstance(made, HushworkError):
        raise made
    return made


@dataclass
class Miners:
    """What each says to a hello and to a job; every call is noted."""

    greets: dict[str, Callable[[], Outcome]]
    works: dict[str, Callable[[], Outcome]]
    calls: list[str] = field(default_factory=list)
    progress: Callable[[], bytes] = lambda: encode(Working("layer", 1, 2))
    doubts: int = 0
    parts: dict[str, list[Outcome]] = field(default_factory=dict)
    manifest: Manifest = MANIFEST

    def relay(self) -> Relay:
        listed = [neuron(uid, name) for uid, name in enumerate(self.greets)]
        return Relay(
            "f" * 64,
            "0" * 64,
            self.manifest,
            Route(
                lambda: listed,
                self.doubt,
                lambda miner, _: Link(self, miner.hotkey),  # type: ignore[arg-type, return-value]
                lambda: memoryview(b"hello"),
                1.0,
                1.0,
                1.0,
            ),
        )

    def doubt(self) -> None:
        self.doubts += 1


@dataclass
class Link:
    miners: Miners
    name: str

    def put_blob(self, data: memoryview) -> None:
        assert bytes(data) == b"hello"

    def post(self, target: str, body: bytes, limit: int = 0) -> bytes:  # noqa: ARG002
        if target == "/sessions":
            self.miners.calls.append(f"greet {self.name}")
            reply = outcome(self.miners.greets[self.name]())
            return encode(SessionReply(f"at-{self.name}", reply))
        self.miners.calls.append(f"work {self.name}")
        assert target == f"/sessions/at-{self.name}/jobs"
        return outcome(self.miners.works[self.name]())

    def stream_post(self, target: str, body: bytes, **_: int) -> Iterator[bytes]:  # noqa: ARG002
        self.miners.calls.append(f"stream {self.name}")
        assert target == f"/sessions/at-{self.name}/stream"
        for part in self.miners.parts[self.name]:
            yield outcome(part)

    def get(self, target: str) -> bytes:
        assert target == f"/sessions/at-{self.name}/progress"
        return self.miners.progress()

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def miners(**outcomes: tuple[Outcome, Outcome]) -> Miners:
    return Miners(
        {name: lambda made=greet: made for name, (greet, _) in outcomes.items()},
        {name: lambda made=work: made for name, (_, work) in outcomes.items()},
    )


GONE = Unreachable("gone")


def test_the_best_miner_that_takes_the_hello_serves() -> None:
    town = miners(a=(GONE, b""), b=(b"", b"answer"), c=(b"", b""))
    relay = town.relay()
    relay.open()
    assert relay.miner is not None
    assert relay.miner.hotkey == "b"
    assert relay.run(b"request") == b"answer"
    assert town.calls == ["greet a", "greet b", "work b"]


@pytest.mark.parametrize("error", [GONE, Interrupted("shutting down")])
def test_a_miner_that_went_away_is_not_asked_again_for_this_job(error: HushworkError) -> None:
    town = miners(a=(b"", error), b=(b"", b"answer"))
    relay = town.relay()
    relay.open()
    assert relay.run(b"request") == b"answer"
    assert town.calls == ["greet a", "work a", "greet b", "work b"]
    assert town.doubts == 1


def test_a_miner_that_forgot_the_session_is_asked_again() -> None:
    town = miners(a=(b"", b"answer"))
    forgot: list[Outcome] = [UnknownSession("who?"), b"answer"]
    town.works["a"] = lambda: forgot.pop(0)
    relay = town.relay()
    relay.open()
    assert relay.run(b"request") == b"answer"
    assert town.calls == ["greet a", "work a", "greet a", "work a"]
    assert town.doubts == 0


def test_it_does_not_try_for_ever() -> None:
    town = miners(a=(b"", UnknownSession("who?")))
    relay = town.relay()
    relay.open()
    with pytest.raises(Unreachable):
        relay.run(b"request")
    assert len(town.calls) < 12


@pytest.mark.parametrize("error", [MalformedBytes("bad"), Busy("later")])
def test_what_is_the_requests_fault_or_passes_is_passed_on(error: HushworkError) -> None:
    town = miners(a=(b"", error), b=(b"", b"answer"))
    relay = town.relay()
    relay.open()
    with pytest.raises(type(error)):
        relay.run(b"request")
    assert town.calls == ["greet a", "work a"]


def test_a_bad_hello_is_not_carried_from_door_to_door() -> None:
    town = miners(a=(MalformedBytes("hello"), b""), b=(b"", b""))
    with pytest.raises(MalformedBytes):
        town.relay().open()
    assert town.calls == ["greet a"]


def test_nobody_left() -> None:
    with pytest.raises(Unreachable):
        miners().relay().open()
    town = miners(a=(b"", GONE))
    relay = town.relay()
    relay.open()
    with pytest.raises(Unreachable):
        relay.run(b"request")
    assert relay.miner is None
    town.works["a"] = lambda: b"answer"
    assert relay.run(b"request") == b"answer"


def test_another_reply_ends_the_session() -> None:
    town = miners(a=(b"one", GONE), b=(b"two", b"answer"))
    relay = town.relay()
    relay.open()
    assert relay.reply == b"one"
    with pytest.raises(UnknownSession):
        relay.run(b"request")


def test_a_request_over_the_manifests_limit_goes_nowhere() -> None:
    town = miners(a=(b"", b"answer"))
    relay = town.relay()
    relay.open()
    with pytest.raises(TooLarge):
        relay.run(bytes(MANIFEST.request_limit + 1))
    assert town.calls == ["greet a"]


def test_a_miner_is_asked_how_far_it_is_only_while_it_works() -> None:
    town, seen = miners(a=(b"", b"")), []

    def work() -> bytes:
        seen.append(relay.progress())
        return b"answer"

    town.works["a"] = work
    relay = town.relay()
    assert relay.progress() == Working()
    relay.open()
    assert relay.progress() == Working()
    relay.run(b"request")
    assert seen == [Working("layer", 1, 2)]
    assert relay.progress() == Working()


def test_a_miner_that_says_nonsense_of_its_progress_still_answers() -> None:
    town = miners(a=(b"", b""))
    town.progress = lambda: encode({"layer": "\x1b[2J", "done": 1, "total": 2})

    def work() -> bytes:
        with pytest.raises(MalformedBytes):
            relay.progress()
        return b"answer"

    town.works["a"] = work
    relay = town.relay()
    relay.open()
    assert relay.run(b"request") == b"answer"


def test_one_question_about_progress_at_a_time() -> None:
    town = miners(a=(b"", b""))

    def ask_again() -> bytes:
        with pytest.raises(Busy):
            relay.progress()
        return encode(Working())

    def work() -> bytes:
        relay.progress()
        return b"answer"

    town.progress, town.works["a"] = ask_again, work
    relay = town.relay()
    relay.open()
    assert relay.run(b"request") == b"answer"


def streaming(**parts: list[Outcome]) -> Relay:
    town = miners(**dict.fromkeys(parts, (b"", b"")))
    town.parts, town.manifest = parts, InsecureStreamer(tiny_network()).manifest
    relay = town.relay()
    relay.open()
    return relay


@pytest.mark.parametrize("error", [GONE, Interrupted("shutting down")])
def test_before_its_first_part_a_stream_goes_to_another_miner(error: HushworkError) -> None:
    relay = streaming(a=[error], b=[b"one", b"two"])
    assert list(relay.stream(b"request")) == [b"one", b"two"]


@pytest.mark.parametrize("error", [GONE, Interrupted("shutting down"), UnknownSession("who?")])
def test_after_its_first_part_an_error_is_the_customers(error: HushworkError) -> None:
    relay = streaming(a=[b"one", error], b=[b"one", b"two"])
    parts = relay.stream(b"request")
    assert next(parts) == b"one"
    with pytest.raises(type(error)):
        next(parts)
    assert relay.miner is not None
    assert relay.miner.hotkey == "a"


def test_a_stream_is_a_job_of_its_session_until_it_is_closed() -> None:
    relay = streaming(a=[b"one", b"two"])
    parts = relay.stream(b"request")
    next(parts)
    with pytest.raises(Busy):
        relay.run(b"request")
    with pytest.raises(Busy):
        next(relay.stream(b"request"))
    parts.close()  # type: ignore[attr-defined]
    assert list(relay.stream(b"request")) == [b"one", b"two"]


def test_a_stream_of_what_comes_whole_or_of_too_much_goes_nowhere() -> None:
    relay = miners(a=(b"", b"answer")).relay()
    relay.open()
    with pytest.raises(NotFound):
        next(relay.stream(b"request"))
    with pytest.raises(TooLarge):
        next(streaming(a=[b"one"]).stream(bytes(MANIFEST.request_limit + 1)))
