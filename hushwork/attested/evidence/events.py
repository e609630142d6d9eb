"""dstack's event log: what was measured into RTMR3, event by event.

Each event extends the register by SHA-384 of itself: version 1 of `type || ":" || name || ":" ||
payload`, the type 0x08000001 in little-endian order; version 2 of {"name", "payload", "type"} as
RFC 8785 JSON. After `system-ready` the application extends it as it likes, so that only what came
before speaks for the system.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hushwork.errors import ForgedEvidence, MalformedBytes

RUNTIME_EVENT = 0x08000001
RTMR3 = 3
REGISTER_SIZE = 48
SYSTEM_READY = "system-ready"
_MOST_EVENTS = 4096

Hex = Annotated[str, Meta(pattern=r"\A([0-9a-fA-F]{2})*\Z")]


class _Event(Struct, frozen=True):
    imr: int
    event_type: int
    digest: Hex = ""
    event: str = ""
    event_payload: Hex = ""
    version: int = 1

    @property
    def is_runtime(self) -> bool:
        return self.event_type == RUNTIME_EVENT

    @property
    def extension(self) -> bytes:
        """What the register is extended by. Raises MalformedBytes."""
        if not self.is_runtime:
            digest = bytes.fromhex(self.digest)
            if len(digest) != REGISTER_SIZE:
                raise MalformedBytes("digest of an event", expected=REGISTER_SIZE, got=len(digest))
            return digest
        return hashlib.sha384(self._content()).digest()

    def _content(self) -> bytes:
        try:
            name = self.event.encode()
        except UnicodeEncodeError:
            raise MalformedBytes("name of an event", expected="Unicode", got="not") from None
        if b":" in name:
            # The digest would be the same with the name cut short and the payload longer.
            raise MalformedBytes("name of an event", expected="no colon in it", got=self.event[:50])
        if self.version == 1:
            parts = RUNTIME_EVENT.to_bytes(4, "little"), name, bytes.fromhex(self.event_payload)
            return b":".join(parts)
        fields = {
            "name": self.event,
            "payload": self.event_payload.lower(),
            "type": RUNTIME_EVENT,
        }
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def replay(event_log: bytes, rt_mr3: str) -> dict[str, str]:
    """Name -> payload (hex) of the system's events, the first of each name.

    rt_mr3: the register's value in the quote, hex. Raises ForgedEvidence if the log does not lead
    there, or MalformedBytes.
    """
    register = bytes(REGISTER_SIZE)
    events: dict[str, str] = {}
    is_system = True
    for event in _read(event_log):
        if event.imr != RTMR3:
            continue
        register = hashlib.sha384(register + event.extension).digest()
        if is_system and event.is_runtime:
            events.setdefault(event.event, event.event_payload.lower())
            is_system = event.event != SYSTEM_READY
    if register.hex() != rt_mr3:
        raise ForgedEvidence("event log", expected=rt_mr3, got=register.hex())
    return events


def _read(event_log: bytes) -> list[_Event]:
    try:
        events = msgspec.json.decode(event_log, type=list[_Event])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedBytes("event log", expected="JSON", got=str(error)[:200]) from None
    if len(events) > _MOST_EVENTS:
        raise MalformedBytes("event log", expected=f"at most {_MOST_EVENTS}", got=len(events))
    return events
