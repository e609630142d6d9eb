"""Messages of the ledger's HTTP face."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hushwork.ledger.types import Fingerprint, Neuron
from hushwork.wire.messages import U16, Address, Count, Message, Uid, Url

ANSWER_LIMIT = 16 << 20


class Height(Message, frozen=True):
    """The block now."""

    block: Count


class Register(Message, frozen=True):
    """Register a hotkey; anybody may ask."""

    hotkey: Address


class Registered(Message, frozen=True):
    """Its place."""

    uid: Uid


class AddStake(Message, frozen=True):
    """Give a hotkey stake, in rao; anybody may ask."""

    hotkey: Address
    amount: Count


class Staked(Message, frozen=True):
    """All the stake it now has, in rao."""

    stake: Count


class Serve(Message, frozen=True):
    """Publish the sender's own address."""

    url: Url
    fingerprint: Fingerprint


class SetWeights(Message, frozen=True):
    """Replace the sender's own weights."""

    weights: Annotated[dict[Uid, U16], msgspec.Meta(max_length=1 << 12)]


class Neurons(Message, frozen=True):
    """Everybody, by uid."""

    neurons: Annotated[tuple[Neuron, ...], msgspec.Meta(max_length=1 << 16)]


class AllWeights(Message, frozen=True):
    """Weights by uid of who set them, then of whom they judge."""

    weights: dict[Uid, dict[Uid, U16]]
