"""How long an image takes, as validators show it of the miners they judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import msgspec

from hushwork.subnet.messages import MOST_SECONDS
from hushwork.subnet.state import Row, Snapshot
from hushwork.wire import SignedClient

Pace = Mapping[tuple[str, str], float]
"""(digest of a manifest, hotkey of a miner) -> seconds of an image."""


def shown_by(validator: SignedClient) -> Sequence[Row]:
    """What a validator shows; nothing if it is no such thing. Raises Unreachable or TooLarge."""
    try:
        return msgspec.json.decode(validator.get("/scores"), type=Snapshot).rows
    except (msgspec.MsgspecError, RecursionError):
        return ()


def pace(rows: Iterable[Row]) -> Pace:
    """The median over validators of what they found."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row.seconds is not None and 0 < row.seconds <= MOST_SECONDS:
            found.setdefault((row.manifest, row.hotkey), []).append(row.seconds)
    return {key: median(seconds) for key, seconds in found.items()}
