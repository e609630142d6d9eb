"""What a round is told, and what it asks for: plain values.

Events go into `hushwork.subnet.round.Round`, instructions come out of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A miner as the ledger names it."""

    uid: int
    hotkey: str
    url: str
    host: str
    """Machine it runs on, as far as its address tells."""


@dataclass(frozen=True)
class HelloPublished:
    """Miners can fetch the hello now."""


@dataclass(frozen=True)
class Offered:
    """A miner's list of manifests arrived."""

    hotkey: str
    manifests: frozenset[str]


@dataclass(frozen=True)
class SessionOpened:
    """A miner took the hello."""

    hotkey: str
    session: str
    reply: bytes


@dataclass(frozen=True)
class Answered:
    """A response arrived, whole, so many seconds after the last byte of the request went."""

    hotkey: str
    response: bytes
    seconds: float


@dataclass(frozen=True)
class Failed:
    """What was asked of a miner last came to nothing; `code` as in `hushwork.errors`."""

    hotkey: str
    code: str


@dataclass(frozen=True)
class SessionClosed:
    """Done with this miner, whatever it said."""

    hotkey: str


@dataclass(frozen=True)
class DeadlinePassed:
    """The round has taken too long: what is under way fails, the rest is not counted."""


VisitEvent = Offered | SessionOpened | Answered | Failed | SessionClosed
Event = HelloPublished | VisitEvent | DeadlinePassed


@dataclass(frozen=True)
class PublishHello:
    """Put the hello where miners fetch it."""

    hello: bytes


@dataclass(frozen=True)
class WithdrawHello:
    """The hello has served."""


@dataclass(frozen=True)
class FetchOffers:
    """Ask a miner what it offers."""

    peer: Peer


@dataclass(frozen=True)
class OpenSession:
    """Open a session on the published hello."""

    peer: Peer


@dataclass(frozen=True)
class SendRequest:
    """Send one request, and time the answer."""

    peer: Peer
    session: str
    request: bytes


@dataclass(frozen=True)
class CloseSession:
    """Tell a miner that its session is over."""

    peer: Peer
    session: str


@dataclass(frozen=True)
class Judged:
    """What one answer was worth: everything that outlives the round."""

    task: str
    hotkey: str
    kind: str
    seconds: float | None
    """None where no whole answer came."""
    correct: bool
    label: str
    """As opened; empty if it did not open."""
    error: str
    """Code of what went wrong, else empty."""


@dataclass(frozen=True)
class Record:
    """The keys are gone; here are the judgements. The last instruction of a round."""

    judged: tuple[Judged, ...]


Instruction = (
    PublishHello | WithdrawHello | FetchOffers | OpenSession | SendRequest | CloseSession | Record
)
