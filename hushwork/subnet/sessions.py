"""Sessions of a server, without I/O: bounded in number, per caller, and in idle time."""

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
    """How many at once, how many of one caller, and how many idle seconds."""

    total: int
    per_caller: int
    idle_seconds: float


@dataclass
class _Entry(Generic[H]):
    caller: str
    held: H
    used: float


class SessionTable(Generic[H]):
    """Sessions by token. Safe from any thread."""

    def __init__(self, limits: SessionLimits) -> None:
        self._limits = limits
        self._entries: dict[str, _Entry[H]] = {}
        self._reserved: list[str] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def reserve(self, caller: str, now: float) -> None:
        """Keep a place while a session is being opened.

        At its limit, a caller's longest idle session gives way: it may have been forgotten in a
        crash. Raises QuotaExceeded if all of them are still being opened, Busy if others have
        taken all places.
        """
        self.expire(now)
        with self._lock:
            own = self._oldest_first(caller)
            opening = self._reserved.count(caller)
            giving_way = own[: max(0, len(own) + opening + 1 - self._limits.per_caller)]
            if opening >= self._limits.per_caller:
                most = f"at most {self._limits.per_caller}"
                raise QuotaExceeded("sessions of one caller", expected=most, got=opening + 1)
            if len(self._entries) + len(self._reserved) - len(giving_way) >= self._limits.total:
                raise Busy("all sessions are taken", expected=f"at most {self._limits.total}")
            self._reserved.append(caller)
        self._drop(giving_way)

    def release(self, caller: str) -> None:
        """Give back a reserved place that came to nothing."""
        with self._lock:
            self._reserved.remove(caller)

    def open(self, caller: str, held: H, now: float) -> str:
        """Fill a reserved place; the token of the session."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._reserved.remove(caller)
            self._entries[token] = _Entry(caller, held, now)
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

    def _oldest_first(self, caller: str) -> list[str]:
        own = [
            (entry.used, token) for token, entry in self._entries.items() if entry.caller == caller
        ]
        return [token for _, token in sorted(own)]

    def _drop(self, tokens: list[str]) -> None:
        with self._lock:
            entries = [self._entries.pop(token, None) for token in tokens]
        for entry in entries:
            if entry is not None:
                entry.held.close()
