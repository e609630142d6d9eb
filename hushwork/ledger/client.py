"""A ledger behind HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from hushwork.ledger.messages import (
    ANSWER_LIMIT,
    AddStake,
    AllWeights,
    Height,
    Neurons,
    Register,
    Registered,
    Serve,
    SetWeights,
    Staked,
)
from hushwork.ledger.types import Neuron
from hushwork.wire.client import SignedClient
from hushwork.wire.hotkeys import Hotkey
from hushwork.wire.messages import decode, encode


class LedgerClient:
    """A `Ledger` through the eyes of one hotkey, which signs its changes.

    Serving and weights of another hotkey are a ValueError. What the service refuses raises as it
    does there; a service that is away raises Unreachable.
    """

    def __init__(self, http: SignedClient, hotkey: Hotkey) -> None:
        """`http` speaks to the ledger's service as `hotkey`."""
        self._http = http
        self._own = hotkey.address

    def block(self) -> int:
        """Height now."""
        return decode(Height, self._http.get("/block")).block

    def register(self, hotkey: str) -> int:
        """Register, or find again; the uid."""
        answer = self._http.post("/register", encode(Register(hotkey)))
        return decode(Registered, answer).uid

    def add_stake(self, hotkey: str, amount: int) -> int:
        """Give stake; all the stake it then has."""
        answer = self._http.post("/stake", encode(AddStake(hotkey, amount)))
        return decode(Staked, answer).stake

    def serve(self, hotkey: str, url: str, fingerprint: bytes = b"") -> None:
        """Publish one's own address."""
        self._check_own(hotkey)
        self._http.post("/serve", encode(Serve(url, fingerprint)))

    def set_weights(self, hotkey: str, weights: Mapping[int, int]) -> None:
        """Replace one's own weights."""
        self._check_own(hotkey)
        self._http.post("/weights", encode(SetWeights(dict(weights))))

    def neurons(self) -> list[Neuron]:
        """Everybody, by uid."""
        answer = self._http.get("/neurons", ANSWER_LIMIT)
        return list(decode(Neurons, answer, ANSWER_LIMIT).neurons)

    def neuron(self, hotkey: str) -> Neuron:
        """One neuron."""
        return decode(Neuron, self._http.get(f"/neurons/{hotkey}"))

    def weights(self) -> dict[int, dict[int, int]]:
        """Weights above zero, by uid of who set them, then of whom they judge."""
        answer = self._http.get("/weights", ANSWER_LIMIT)
        return decode(AllWeights, answer, ANSWER_LIMIT).weights

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _check_own(self, hotkey: str) -> None:
        if hotkey != self._own:
            raise ValueError(f"{self._own} cannot sign for {hotkey}")
