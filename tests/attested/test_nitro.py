"""Nitro documents of our own: what is well, and what is ill in one way each."""

from __future__ import annotations

from collections.abc import Callable

import cbor2
import msgspec
import pytest

from hushwork.attested.evidence import PRODUCTION, UNJUDGED, Evidence, examine
from hushwork.errors import (
    ExpiredEvidence,
    ForgedEvidence,
    HushworkError,
    MalformedBytes,
    UnsupportedVersion,
    UntrustedRoot,
)
from tests.attested.authorities import issue
from tests.attested.aws import ES384, MODULE, PCRS, Machine, machine
from tests.attested.machines import DAY, NOW, REPORT_DATA

Make = Callable[[Machine], Evidence | Machine]


def document(data: object) -> Evidence:
    return Evidence("nitro", cbor2.dumps(data), b"")


def signed_by_another(made: Machine) -> Evidence:
    payload = cbor2.dumps(made.fields())
    return document([ES384, {}, payload, made.with_leaf().signature(payload)])


def changed(made: Machine) -> Evidence:
    """After it was signed."""
    payload = cbor2.dumps(made.fields())
    other = cbor2.dumps(made.fields(user_data=bytes(64)))
    return document([ES384, {}, other, made.signature(payload)])


def without(made: Machine, name: str) -> Evidence:
    fields = made.fields()
    del fields[name]
    return made.of(cbor2.dumps(fields))


def tagged_inside(made: Machine, tag: int) -> Evidence:
    return made.evidence(module_id=cbor2.CBORTag(tag, "a+"))


def under_another_root(made: Machine) -> Machine:
    root = issue("aws.nitro-enclaves")
    zone = root.issue("zone")
    return made.but(root=root, zone=zone, leaf=zone.issue(MODULE, is_authority=False))


def too_deep(made: Machine) -> Evidence:
    """Under one authority more than the zone's certificate allows."""
    inner = made.zone.issue("inner")
    leaf = inner.issue(MODULE, is_authority=False)
    bundle = [made.root.der, made.zone.der, inner.der]
    return made.but(leaf=leaf).evidence(cabundle=bundle)


ILL: dict[type[HushworkError], dict[str, Make]] = {
    ForgedEvidence: {
        "signed by another": signed_by_another,
        "changed": changed,
        "leaf of another": lambda m: m.but(zone=m.root.issue("zone")),
        "leaf that is an authority": lambda m: m.with_leaf(is_authority=True),
        "too deep": too_deep,
        "an authority left out": lambda m: m.evidence(cabundle=[m.root.der]),
        "critical extension of nobody": lambda m: m.with_leaf(
            extensions={"1.2.3.4": b"\5\0"}, critical=True
        ),
        "zone that may not sign": lambda m: zone(m, may_sign=False),
    },
    UntrustedRoot: {
        "another root": under_another_root,
        "bundle turned round": lambda m: m.evidence(cabundle=[m.zone.der, m.root.der]),
    },
    ExpiredEvidence: {
        "leaf expired": lambda m: m.with_leaf(end=NOW - 1),
        "leaf of the future": lambda m: m.with_leaf(start=NOW + 1),
        "zone expired": lambda m: zone(m, end=NOW - 1),
    },
    UnsupportedVersion: {
        "another algorithm": lambda m: m.of(cbor2.dumps(m.fields()), cbor2.dumps({1: -7})),
        "no algorithm": lambda m: m.of(cbor2.dumps(m.fields()), cbor2.dumps({})),
        "more in the header": lambda m: m.of(
            cbor2.dumps(m.fields()), cbor2.dumps({1: -35, 4: b""})
        ),
        "an unprotected header": lambda m: m.of(cbor2.dumps(m.fields()), unprotected={4: b"x"}),
        "another digest": lambda m: m.evidence(digest="SHA256"),
    },
    MalformedBytes: {
        "nothing": lambda _: Evidence("nitro", b"", b""),
        "not CBOR": lambda _: Evidence("nitro", b"\xff", b""),
        "not an array": lambda _: document({}),
        "an array of three": lambda _: document([ES384, {}, b""]),
        "a header that is no map": lambda _: document([ES384, [], b"", bytes(96)]),
        "a header that is not CBOR": lambda m: m.of(cbor2.dumps(m.fields()), b"\xff"),
        "a short signature": lambda _: document([ES384, {}, b"", bytes(95)]),
        "a payload of nothing": lambda m: m.of(b""),
        "a payload that is no map": lambda m: m.of(cbor2.dumps([1])),
        "something behind the payload": lambda m: m.of(cbor2.dumps(m.fields()) + b"\0"),
        "a field twice": lambda m: m.of(twice(m)),
        "no PCRs": lambda m: m.evidence(pcrs={}),
        "a PCR of no number": lambda m: m.evidence(pcrs={"0": bytes(48)}),
        "a PCR too many": lambda m: m.evidence(pcrs={32: bytes(48)}),
        "a PCR of another size": lambda m: m.evidence(pcrs={0: bytes(47)}),
        "no certificate": lambda m: without(m, "certificate"),
        "a certificate of nothing": lambda m: m.evidence(certificate=b"\0"),
        "no bundle": lambda m: m.evidence(cabundle=[]),
        "a bundle too long": lambda m: m.evidence(cabundle=[m.root.der] * 9),
        "too much user data": lambda m: m.evidence(user_data=bytes(1025)),
        "a time before all time": lambda m: m.evidence(timestamp=-1),
        "a regular expression": lambda m: tagged_inside(m, 35),
        "a shared reference": lambda m: tagged_inside(m, 28),
        "a tag of nobody": lambda m: tagged_inside(m, 123456),
        "collateral": lambda m: msgspec.structs.replace(m.evidence(), collateral=b"x"),
    },
}
CASES = [
    pytest.param(make, error, id=name)
    for error, table in ILL.items()
    for name, make in table.items()
]


def zone(made: Machine, **options: object) -> Machine:
    return made.but(zone=made.root.issue("zone", **options)).with_leaf()


def twice(made: Machine) -> bytes:
    data = cbor2.dumps(made.fields())
    return bytes([data[0] + 1]) + data[1:] + cbor2.dumps("digest") + cbor2.dumps("SHA384")


def test_a_machine_that_is_well_is_believed() -> None:
    claims = machine().examine(machine().evidence(nonce=b"n", public_key=b"k"))
    assert (claims.platform, claims.status, claims.debug) == ("nitro", UNJUDGED, False)
    assert (claims.report_data, claims.identity) == (REPORT_DATA, MODULE)
    assert claims.measurements == {f"pcr{index}": pcr.hex() for index, pcr in PCRS.items()}
    assert claims.details == {"nonce": b"n".hex(), "public_key": b"k".hex()}
    assert (claims.collateral_issued, claims.collateral_expires) == (NOW - 60, NOW + DAY)


def test_the_tag_of_cose_may_stand_before_it() -> None:
    evidence = machine().evidence()
    tagged = msgspec.structs.replace(evidence, document=b"\xd2" + evidence.document)
    assert machine().examine(tagged) == machine().examine(evidence)


def test_registers_of_zeros_are_those_of_debugging() -> None:
    evidence = machine().evidence(pcrs={index: bytes(48) for index in range(16)})
    assert machine().examine(evidence).debug


def test_without_the_first_register_nothing_is_known() -> None:
    assert machine().examine(machine().evidence(pcrs={1: b"\1" * 48})).debug


def test_without_user_data_nothing_is_bound() -> None:
    assert machine().examine(machine().evidence(user_data=None)).report_data == b""


def test_nobody_trusts_our_root() -> None:
    with pytest.raises(UntrustedRoot):
        examine(machine().evidence(), NOW, PRODUCTION)


@pytest.mark.parametrize(("make", "error"), CASES)
def test_what_is_ill_is_refused_with_its_own_error(make: Make, error: type[HushworkError]) -> None:
    made = make(machine())
    evidence = made.evidence() if isinstance(made, Machine) else made
    with pytest.raises(HushworkError) as caught:
        machine().examine(evidence)
    assert type(caught.value) is error, caught.value
