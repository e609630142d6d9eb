"""Messages of the customers' door; everything else that travels is in `hushwork.wire`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hushwork.wire import Message
from hushwork.wire.messages import Address, Count, Digest, Name, Uid

MOST_SECONDS = 1e6
Seconds = Annotated[float, msgspec.Meta(gt=0, le=MOST_SECONDS)]


class About(Message, frozen=True):
    """Who answers at this address: requests are addressed to this hotkey."""

    hotkey: Address


class ModelInfo(Message, frozen=True):
    """One model that a gateway offers."""

    manifest_digest: Digest
    name: Name
    """Name of the network."""
    guarantee: Name
    network_digest: Digest
    miners: Count
    """How many offer it now."""
    seconds: Seconds | None
    """Of an image at the best of them that validators judged; None before the first."""


class Models(Message, frozen=True):
    """Everything a gateway offers, those of the best judged miners first."""

    models: Annotated[tuple[ModelInfo, ...], msgspec.Meta(max_length=1000)]


class Serving(Message, frozen=True):
    """Which miner serves a session at this moment."""

    hotkey: Address
    uid: Uid
