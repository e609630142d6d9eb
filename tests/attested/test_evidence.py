"""Evidence as it travels, and whatever else strangers may send in its place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cache
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hushwork.attested.evidence import EVIDENCE_LIMIT, Evidence, PlatformName, examine
from hushwork.attested.evidence.bundle import COLLATERAL_LIMIT, DOCUMENT_LIMIT, EVENT_LOG_LIMIT
from hushwork.attested.policy import Policy
from hushwork.errors import HushworkError, MalformedBytes, TooLarge
from tests.attested import amd, aws
from tests.attested.machines import NOW, machine

PLATFORMS = get_args(PlatformName)
MACHINES: dict[str, Callable[[], Any]] = {
    "sgx": lambda: machine("sgx"),
    "tdx": lambda: machine("tdx"),
    "sev-snp": amd.machine,
    "nitro": aws.machine,
}
EVIDENCE = Evidence("tdx", b"quote", b"collateral", b"log")
often = settings(max_examples=150, suppress_health_check=list(HealthCheck))

platforms = st.sampled_from(PLATFORMS)
small = st.binary(max_size=200)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("00" * 40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@cache
def once(platform: PlatformName) -> Evidence:
    evidence: Evidence = MACHINES[platform]().evidence()
    return evidence


def survive(evidence: Evidence, now: int = NOW) -> None:
    """Nothing but this project's errors comes of it."""
    roots = MACHINES[evidence.platform]().roots
    with contextlib.suppress(HushworkError):
        examine(evidence, now, roots)


def test_evidence_comes_back() -> None:
    assert Evidence.from_bytes(EVIDENCE.to_bytes()) == EVIDENCE


def test_cut_evidence_is_malformed() -> None:
    data = EVIDENCE.to_bytes()
    for end in range(len(data)):
        with pytest.raises(MalformedBytes):
            Evidence.from_bytes(data[:end])
    with pytest.raises(MalformedBytes):
        Evidence.from_bytes(data + b"\0")


@pytest.mark.parametrize(
    "fields",
    [
        ["arm", b"", b""],
        ["tdx", b""],
        ["tdx", "text", b""],
        ["tdx", b"", b"", b"", b""],
        ["tdx", bytes(DOCUMENT_LIMIT + 1), b""],
        ["tdx", b"", bytes(COLLATERAL_LIMIT + 1)],
        ["tdx", b"", b"", bytes(EVENT_LOG_LIMIT + 1)],
        {"platform": "tdx"},
    ],
)
def test_what_is_no_evidence_is_malformed(fields: Any) -> None:
    with pytest.raises(MalformedBytes):
        Evidence.from_bytes(msgspec.msgpack.encode(fields))


def test_evidence_has_a_size() -> None:
    fullest = Evidence(
        "nitro", bytes(DOCUMENT_LIMIT), bytes(COLLATERAL_LIMIT), bytes(EVENT_LOG_LIMIT)
    )
    assert Evidence.from_bytes(fullest.to_bytes()) == fullest
    with pytest.raises(TooLarge):
        Evidence.from_bytes(bytes(EVIDENCE_LIMIT + 1))


@pytest.mark.parametrize("field", ["document", "collateral", "event_log"])
def test_every_part_of_it_has_a_size(field: str) -> None:
    evidence = msgspec.structs.replace(EVIDENCE, **{field: bytes(EVENT_LOG_LIMIT + 1)})
    with pytest.raises(TooLarge):
        examine(evidence, NOW)


def test_a_platform_of_nobody_is_malformed() -> None:
    with pytest.raises(MalformedBytes):
        examine(msgspec.structs.replace(EVIDENCE, platform="arm"), NOW)  # type: ignore[arg-type]


@often
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_the_place_of_evidence(data: bytes) -> None:
    with contextlib.suppress(HushworkError):
        Evidence.from_bytes(data)


@often
@given(st.builds(Evidence, platforms, small, small, small), st.integers())
def test_any_bytes_are_refused_in_the_place_of_its_parts(evidence: Evidence, now: int) -> None:
    survive(evidence, now)
    survive(msgspec.structs.replace(evidence, event_log=b""), now)


@often
@given(platforms, st.data())
def test_any_change_of_a_document_is_refused(platform: PlatformName, data: st.DataObject) -> None:
    evidence = once(platform)
    name = data.draw(
        st.sampled_from(["document", "collateral"] if platform != "nitro" else ["document"])
    )
    old = getattr(evidence, name)
    start = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(start, min(len(old), start + 40)))
    new = old[:start] + data.draw(st.binary(max_size=40)) + old[end:]
    survive(msgspec.structs.replace(evidence, **{name: new}))


@often
@given(st.data())
def test_any_collateral_is_refused(data: st.DataObject) -> None:
    made = machine("tdx")
    fields = msgspec.json.decode(made.signed.to_bytes())
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(json_values)
    survive(Evidence("tdx", made.quote(), msgspec.json.encode(fields)))


@often
@given(st.data())
def test_any_signed_statement_is_refused(data: st.DataObject) -> None:
    """What only the vendor could say, and in no form that it uses."""
    made = machine("tdx")
    tcb = data.draw(st.booleans())
    known = made.publication.tcb_info if tcb else made.publication.qe_identity
    change = {data.draw(st.sampled_from(sorted(known))): data.draw(json_values)}
    survive((made.with_tcb(**change) if tcb else made.with_qe(**change)).evidence())


@often
@given(st.data())
def test_any_nitro_document_is_refused(data: st.DataObject) -> None:
    made = aws.machine()
    change = {data.draw(st.sampled_from(sorted(made.fields()))): data.draw(json_values | small)}
    survive(made.evidence(**change))


@often
@given(st.lists(json_values, max_size=3) | json_values)
def test_any_event_log_is_refused(events: object) -> None:
    made = machine("tdx")
    survive(msgspec.structs.replace(made.evidence(), event_log=msgspec.json.encode(events)))


@often
@given(st.text(max_size=200) | st.text("[]={}\"'.,\n abcdehlmnopqrstux_1", max_size=80))
def test_any_text_is_refused_in_the_place_of_a_policy(text: str) -> None:
    with contextlib.suppress(HushworkError):
        Policy.from_toml(text)
