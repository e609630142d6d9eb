"""dstack's event log: believed where it leads to RTMR3, and up to where the system is ready."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest

from hushwork.attested.evidence.events import RUNTIME_EVENT, SYSTEM_READY, replay
from hushwork.errors import ForgedEvidence, HushworkError, MalformedBytes
from tests.attested.machines import machine

Event = dict[str, Any]
BOOT = [("app-id", "ab" * 20), ("compose-hash", "cd" * 32), ("instance-id", "")]


def digest(name: str, payload: str, version: int = 1) -> bytes:
    if version == 2:
        text = f'{{"name":"{name}","payload":"{payload}","type":{RUNTIME_EVENT}}}'
        return hashlib.sha384(text.encode()).digest()
    content = b"\1\0\0\x08:" + name.encode() + b":" + bytes.fromhex(payload)
    return hashlib.sha384(content).digest()


def event(name: str, payload: str, **fields: Any) -> Event:
    known = {"imr": 3, "event_type": RUNTIME_EVENT, "digest": "", "event": name}
    return known | {"event_payload": payload} | fields


def register(*digests: bytes) -> str:
    value = bytes(48)
    for one in digests:
        value = hashlib.sha384(value + one).digest()
    return value.hex()


def log(*events: Event) -> bytes:
    return json.dumps(events).encode()


def boot(*more: tuple[str, str]) -> tuple[bytes, str]:
    """A log and the register that it leads to."""
    events = [*BOOT, *more]
    return log(*(event(*e) for e in events)), register(*(digest(*e) for e in events))


def test_events_of_the_boot_are_told() -> None:
    assert replay(*boot()) == dict(BOOT)


def test_events_of_both_versions_extend_the_register() -> None:
    events = log(event("app-id", "ab"), event("compose-hash", "cd", version=2))
    assert replay(events, register(digest("app-id", "ab"), digest("compose-hash", "cd", 2))) == {
        "app-id": "ab",
        "compose-hash": "cd",
    }


def test_what_the_application_adds_is_not_the_systems() -> None:
    events, value = boot((SYSTEM_READY, ""), ("os-image-hash", "66"), ("compose-hash", "66"))
    assert replay(events, value) == dict(BOOT) | {SYSTEM_READY: ""}


def test_the_first_event_of_a_name_counts() -> None:
    assert replay(*boot(("compose-hash", "66"))) == dict(BOOT)


def test_other_registers_and_their_events_are_passed_over() -> None:
    events, value = boot()
    more = [event("x", "", imr=0, event_type=1, digest="11" * 48), *json.loads(events)]
    assert replay(log(*more), value) == dict(BOOT)


def test_foreign_events_count_by_their_digest_and_say_nothing() -> None:
    foreign = event("compose-hash", "66", event_type=4, digest="11" * 48)
    assert replay(log(foreign), register(b"\x11" * 48)) == {}


def test_an_empty_log_leads_to_an_empty_register() -> None:
    assert replay(b"[]", "00" * 48) == {}


@pytest.mark.parametrize("index", range(3))
def test_an_event_that_is_changed_left_out_or_moved_is_found(index: int) -> None:
    events, value = boot()
    right = json.loads(events)
    without = right[:index] + right[index + 1 :]
    changed = [*right[:index], right[index] | {"event_payload": "00"}, *right[index + 1 :]]
    renamed = [*right[:index], right[index] | {"event": "other"}, *right[index + 1 :]]
    for wrong in (without, changed, renamed, [*without, right[index]][::-1]):
        with pytest.raises(ForgedEvidence):
            replay(log(*wrong), value)


def test_no_name_reaches_into_its_payload() -> None:
    """An application could hide an event of the boot behind one of its own otherwise."""
    payload = b"1:2".hex()
    value = register(digest("compose-hash", payload))
    assert replay(log(event("compose-hash", payload)), value) == {"compose-hash": payload}
    with pytest.raises(MalformedBytes):
        replay(log(event("compose-hash:1", b"2".hex())), value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b"[" * 10000,
        log(event("a", "0")),
        log(event("a", "xy")),
        log(event("a", "", event_type=1, digest="11")),
        log(event("a", "", imr="3")),
        log(*[event("a", "")] * 4097),
        b'[{"imr":3,"event_type":134217729,"event":"\\ud800"}]',
    ],
)
def test_what_is_no_log_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedBytes):
        replay(data, "00" * 48)


def test_a_guest_tells_its_events() -> None:
    made = machine("tdx")
    events, value = boot()
    registers = (bytes(48), bytes(48), bytes(48), bytes.fromhex(value))
    evidence = made.evidence(made.quote(made.report(registers=registers)))
    logged = msgspec.structs.replace(evidence, event_log=events)
    assert made.examine(evidence).events == {}
    assert made.examine(logged).events == dict(BOOT)
    with pytest.raises(ForgedEvidence):
        made.examine(msgspec.structs.replace(logged, event_log=b"[]"))


def test_an_enclave_has_no_events() -> None:
    made = machine("sgx")
    with pytest.raises(HushworkError) as caught:
        made.examine(msgspec.structs.replace(made.evidence(), event_log=b"[]"))
    assert type(caught.value) is MalformedBytes
