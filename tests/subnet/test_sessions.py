from __future__ import annotations

import pytest

from hushwork.errors import Busy, QuotaExceeded, UnknownSession
from hushwork.subnet.sessions import SessionLimits, SessionTable


class Held:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def table(total: int = 3, per_caller: int = 2, idle: float = 10.0) -> SessionTable[Held]:
    return SessionTable(SessionLimits(total, per_caller, idle))


def opened(sessions: SessionTable[Held], caller: str, now: float = 0.0) -> tuple[str, Held]:
    held = Held()
    sessions.reserve(caller, now)
    return sessions.open(caller, held, now), held


def test_a_session_is_its_callers_alone() -> None:
    sessions = table()
    token, held = opened(sessions, "a")
    assert sessions.find(token, "a", 1.0) is held
    for stranger, guess in (("b", token), ("a", "x" * 32)):
        with pytest.raises(UnknownSession):
            sessions.find(guess, stranger, 1.0)
        with pytest.raises(UnknownSession):
            sessions.close(guess, stranger, 1.0)
    assert held.closed == 0


def test_tokens_cannot_be_guessed() -> None:
    sessions = table(total=99, per_caller=99)
    tokens = {opened(sessions, "a")[0] for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 32


def test_places_are_bounded_in_all_reserved_ones_included() -> None:
    sessions = table(total=2)
    opened(sessions, "a")
    sessions.reserve("b", 0.0)
    with pytest.raises(Busy):
        sessions.reserve("c", 0.0)
    sessions.release("b")
    opened(sessions, "c")


def test_a_callers_longest_idle_session_gives_way_to_its_new_one() -> None:
    sessions = table(total=9, per_caller=2)
    first, first_held = opened(sessions, "a", now=0.0)
    second, _ = opened(sessions, "a", now=1.0)
    other, _ = opened(sessions, "b", now=0.0)
    sessions.find(first, "a", 2.0)
    opened(sessions, "a", now=3.0)
    with pytest.raises(UnknownSession):
        sessions.find(second, "a", 3.0)
    assert sessions.find(first, "a", 3.0) is first_held
    sessions.find(other, "b", 3.0)
    assert len(sessions) == 3


def test_giving_way_makes_room_in_all_too() -> None:
    sessions = table(total=2, per_caller=2)
    opened(sessions, "a")
    opened(sessions, "a")
    opened(sessions, "a")
    assert len(sessions) == 2


def test_a_caller_cannot_open_more_at_once_than_it_may_have() -> None:
    sessions = table(total=9, per_caller=2)
    sessions.reserve("a", 0.0)
    sessions.reserve("a", 0.0)
    with pytest.raises(QuotaExceeded):
        sessions.reserve("a", 0.0)
    sessions.reserve("b", 0.0)


def test_a_large_session_takes_several_places() -> None:
    sessions = table(total=6, per_caller=4)
    for _ in range(2):
        sessions.reserve("a", 0.0, 2)
        sessions.open("a", Held(), 0.0, 2)
    sessions.reserve("b", 0.0, 2)
    with pytest.raises(Busy):
        sessions.reserve("c", 0.0)
    sessions.release("b", 2)
    opened(sessions, "c")
    with pytest.raises(Busy):
        sessions.reserve("c", 0.0, 2)


def test_no_more_sessions_give_way_than_a_large_one_needs() -> None:
    sessions = table(total=9, per_caller=4)
    large = [Held(), Held()]
    for now, held in enumerate(large):
        sessions.reserve("a", now, 2)
        sessions.open("a", held, now, 2)
    sessions.reserve("a", 9.0, 2)
    assert [held.closed for held in large] == [1, 0]


def test_as_many_sessions_give_way_as_a_large_one_needs() -> None:
    sessions = table(total=9, per_caller=4)
    small = [opened(sessions, "a", now=float(index)) for index in range(4)]
    sessions.reserve("a", 9.0, 3)
    assert [held.closed for _, held in small] == [1, 1, 1, 0]
    with pytest.raises(QuotaExceeded):
        sessions.reserve("a", 9.0, 2)
    sessions.open("a", Held(), 9.0, 3)
    assert len(sessions) == 2


def test_an_idle_session_ends_and_a_used_one_stays() -> None:
    sessions = table(idle=10.0)
    idle, idle_held = opened(sessions, "a")
    used, used_held = opened(sessions, "a")
    sessions.find(used, "a", 8.0)
    with pytest.raises(UnknownSession):
        sessions.find(idle, "a", 11.0)
    assert sessions.find(used, "a", 11.0) is used_held
    assert (idle_held.closed, used_held.closed) == (1, 0)


def test_idle_sessions_make_room() -> None:
    sessions = table(total=1, per_caller=1, idle=10.0)
    opened(sessions, "a")
    opened(sessions, "b", now=11.0)
    assert len(sessions) == 1


def test_closing_lets_go_once() -> None:
    sessions = table()
    token, held = opened(sessions, "a")
    sessions.close(token, "a", 1.0)
    with pytest.raises(UnknownSession):
        sessions.close(token, "a", 1.0)
    _, other = opened(sessions, "b")
    sessions.close_all()
    sessions.close_all()
    assert (held.closed, other.closed, len(sessions)) == (1, 1, 0)
