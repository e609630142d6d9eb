"""Sessions of a server, without I/O: bounded in places, per caller, and in idle time."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from hushwork.errors import Busy, QuotaExceeded, UnknownSession


class Closeable(Protocol):
    """What a session holds."""

    def close(self) -> None:
        """Let go of it."""


H = TypeVar("H", bound=Closeable)


@dataclass(frozen=True)
class SessionLimits:
    """How many places there are, how many one caller may take, and how many idle seconds."""

    total: int
    per_caller: int
    idle_seconds: float


@dataclass
class _Entry(Generic[H]):
    caller: str
    held: H
    used: float
    places: int


class SessionTable(Generic[H]):
    """Sessions by token. Safe from any thread."""

    def __init__(self, limits: SessionLimits) -> None:
        self._limits = limits
        self._entries: dict[str, _Entry[H]] = {}
        self._reserved: list[tuple[str, int]] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def reserve(self, caller: str, now: float, places: int = 1) -> None:
        """Keep places while a session is being opened.

        At its limit, a caller's longest idle sessions give way: they may have been forgotten in a
        crash. Raises QuotaExceeded if all of its places are taken by what is still being opened,
        Busy if others have taken too many.
        """
        self.expire(now)
        with self._lock:
            self._require_few(caller, places)
            giving_way = self._giving_way(caller, places)
            left = sum(e.places for token, e in self._entries.items() if token not in giving_way)
            if left + sum(kept for _, kept in self._reserved) + places > self._limits.total:
                raise Busy("all sessions are taken", expected=f"at most {self._limits.total}")
            self._reserved.append((caller, places))
        self._drop(giving_way)

    def release(self, caller: str, places: int = 1) -> None:
        """Give back reserved places that came to nothing."""
        with self._lock:
            self._reserved.remove((caller, places))

    def open(self, caller: str, held: H, now: float, places: int = 1) -> str:
        """Fill reserved places; the token of the session."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._reserved.remove((caller, places))
            self._entries[token] = _Entry(caller, held, now, places)
        return token

    def find(self, token: str, caller: str, now: float) -> H:
        """What the caller's session holds. Raises UnknownSession; another's is as unknown."""
        self.expire(now)
        with self._lock:
            entry = self._entries.get(token)
            if entry is None or entry.caller != caller:
                raise UnknownSession("no such session of this caller", got=token[:64])
            entry.used = now
            return entry.held

    def close(self, token: str, caller: str, now: float) -> None:
        """End a session. Raises UnknownSession."""
        self.find(token, caller, now)
        self._drop([token])

    def any(self, matches: Callable[[H], bool]) -> bool:
        """Whether any open session holds what matches."""
        with self._lock:
            return any(matches(entry.held) for entry in self._entries.values())

    def expire(self, now: float) -> None:
        """End what has been idle for too long."""
        oldest = now - self._limits.idle_seconds
        with self._lock:
            idle = [token for token, entry in self._entries.items() if entry.used < oldest]
        self._drop(idle)

    def close_all(self) -> None:
        """End everything."""
        with self._lock:
            tokens = list(self._entries)
        self._drop(tokens)

    def _require_few(self, caller: str, places: int) -> None:
        most, opening = self._limits.per_caller, self._opening(caller)
        if opening + places > most:
            got = opening + places
            raise QuotaExceeded("sessions of one caller", expected=f"at most {most}", got=got)

    def _opening(self, caller: str) -> int:
        return sum(places for who, places in self._reserved if who == caller)

    def _giving_way(self, caller: str, places: int) -> list[str]:
        """The caller's sessions, longest idle first, until those left and so many places fit."""
        own = {token: entry for token, entry in self._entries.items() if entry.caller == caller}
        taken = self._opening(caller) + places + sum(entry.places for entry in own.values())
        chosen: list[str] = []
        for token in sorted(own, key=lambda token: own[token].used):
            if taken <= self._limits.per_caller:
                break
            taken -= own[token].places
            chosen.append(token)
        return chosen

    def _drop(self, tokens: list[str]) -> None:
        with self._lock:
            entries = [self._entries.pop(token, None) for token in tokens]
        for entry in entries:
            if entry is not None:
                entry.held.close()
