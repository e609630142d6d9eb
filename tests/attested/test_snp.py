"""SEV-SNP reports of our own: what is well, and what is ill in one way each."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from hushwork.attested.evidence import PRODUCTION, UNJUDGED, Evidence, examine
from hushwork.errors import (
    ExpiredEvidence,
    ForgedEvidence,
    HushworkError,
    MalformedBytes,
    MismatchedCollateral,
    RevokedPlatform,
    UnsupportedVersion,
    UntrustedRoot,
)
from tests.attested.amd import CHIP, MEASUREMENT, TCB, Machine, extensions, machine, report
from tests.attested.authorities import issue
from tests.attested.machines import DAY, NOW, REPORT_DATA

Make = Callable[[Machine], Evidence | Machine]


def signed_by_another(made: Machine) -> Evidence:
    document = made.with_vcek().evidence().document
    return msgspec.structs.replace(made.evidence(), document=document)


def with_collateral(made: Machine, *parts: bytes) -> Evidence:
    return msgspec.structs.replace(made.evidence(), collateral=b"".join(parts))


def under_a_leaf(made: Machine) -> Machine:
    ask = made.ark.issue("SEV", is_authority=False)
    return made.but(ask=ask).with_vcek(ask)


def under_another_root(made: Machine) -> Machine:
    ark = issue("ARK")
    ask = ark.issue("SEV")
    return made.but(ark=ark, ask=ask, lists=()).with_vcek(ask)


def too_deep(made: Machine) -> Machine:
    ark = issue("ARK", length=0)
    ask = ark.issue("SEV")
    return made.but(ark=ark, ask=ask, lists=()).with_vcek(ask)


def of_a_weak_key(made: Machine) -> Evidence:
    """The signing key's curve is another."""
    return with_collateral(made, made.ask.pem, made.ask.pem, made.ark.pem)


ILL: dict[type[HushworkError], dict[str, Make]] = {
    ForgedEvidence: {
        "signed by another": signed_by_another,
        "signed by an RSA key": of_a_weak_key,
        "measurement changed": lambda m: flipped(m, 0x90),
        "report data changed": lambda m: flipped(m, 0x50),
        "signature changed": lambda m: flipped(m, 0x2A0),
        "signature too large": lambda m: flipped(m, 0x2E0),
        "VCEK of another ASK": lambda m: m.but(ask=m.ark.issue("SEV", is_rsa=True)),
        "VCEK that is an authority": lambda m: m.with_vcek(is_authority=True),
        "VCEK under a leaf": under_a_leaf,
        "ASK that may not sign": lambda m: ask(m, may_sign=False),
        "ARK that allows no ASK": too_deep,
        "critical extension of nobody": lambda m: m.with_vcek(critical=True),
        "swapped": lambda m: with_collateral(m, m.ask.pem, m.vcek.pem, m.ark.pem),
        "list of nobody": lambda m: m.but(lists=(issue("X").revoke(),)),
        "part of a list": lambda m: m.but(lists=(m.ark.revoke(is_delta=True),)),
        "list in the name of the ARK": lambda m: m.but(lists=(issue("ARK").revoke(),)),
    },
    UntrustedRoot: {
        "another root": under_another_root,
        "turned round": lambda m: with_collateral(m, m.ark.pem, m.ask.pem, m.vcek.pem),
    },
    ExpiredEvidence: {
        "VCEK expired": lambda m: m.with_vcek(end=NOW - 1),
        "VCEK of the future": lambda m: m.with_vcek(start=NOW + 1),
        "ASK expired": lambda m: ask(m, end=NOW - 1),
        "list expired": lambda m: m.but(lists=(m.ark.revoke(expires=NOW - 1),)),
        "list of the future": lambda m: m.but(lists=(m.ark.revoke(issued=NOW + 1),)),
        "one of two lists expired": lambda m: m.but(
            lists=(m.ark.revoke(), m.ark.revoke(expires=NOW - 1))
        ),
    },
    RevokedPlatform: {
        "VCEK revoked": lambda m: m.but(lists=(m.ask.revoke([m.vcek]),)),
        "ASK revoked": lambda m: m.but(lists=(m.ark.revoke([m.ask]),)),
        "ARK revoked": lambda m: m.but(lists=(m.ark.revoke([m.ark]),)),
    },
    MismatchedCollateral: {
        "firmware of another VCEK": lambda m: m.with_vcek(extensions=extensions(TCB | {"snp": 9})),
        "older firmware than the VCEK's": lambda m: m.evidence(report(tcb=bytes(8))),
        "another chip": lambda m: m.evidence(report(chip=bytes(reversed(CHIP)))),
        "masked chip": lambda m: m.evidence(report(chip=bytes(64))),
        "masked chip, and none in the VCEK": lambda m: m.with_vcek(
            extensions=extensions(TCB, bytes(64))
        ).evidence(report(chip=bytes(64))),
        "VCEK of no chip": lambda m: m.with_vcek(extensions=extensions(TCB, b"")),
        "VCEK of no firmware": lambda m: m.with_vcek(extensions=None),
    },
    UnsupportedVersion: {
        "version 1": lambda m: m.evidence(report(version=1)),
        "version 6": lambda m: m.evidence(report(version=6)),
        "another algorithm": lambda m: m.evidence(report(algorithm=2)),
        "signed by a VLEK": lambda m: m.evidence(report(flags=1 << 2)),
        "signed by nothing": lambda m: m.evidence(report(flags=7 << 2)),
    },
    MalformedBytes: {
        "something behind the signature": lambda m: m.evidence(tail=bytes(0x16F) + b"\1"),
        "too short": lambda m: m.evidence(tail=bytes(0x16F)),
        "too long": lambda m: m.evidence(tail=bytes(0x171)),
        "no collateral": with_collateral,
        "no root": lambda m: with_collateral(m, m.vcek.pem, m.ask.pem),
        "too many blocks": lambda m: with_collateral(m, m.vcek.pem * 9),
        "a block of nothing": lambda m: with_collateral(
            m, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        ),
    },
}
CASES = [
    pytest.param(make, error, id=name)
    for error, table in ILL.items()
    for name, make in table.items()
]


def flipped(made: Machine, offset: int) -> Evidence:
    evidence = made.evidence()
    document = bytearray(evidence.document)
    document[offset] ^= 0x80
    return msgspec.structs.replace(evidence, document=bytes(document))


def ask(made: Machine, **options: object) -> Machine:
    issued = made.ark.issue("SEV", **options)
    return made.but(ask=issued).with_vcek(issued)


def test_a_machine_that_is_well_is_believed() -> None:
    claims = machine().examine(machine().evidence())
    assert (claims.platform, claims.status, claims.debug) == ("sev-snp", UNJUDGED, False)
    assert claims.report_data == REPORT_DATA
    assert claims.measurements["measurement"] == MEASUREMENT.hex()
    assert claims.identity == CHIP.hex()
    assert (claims.tcb, claims.vmpl) == (TCB, 0)
    assert (claims.collateral_issued, claims.collateral_expires) == (NOW - DAY, NOW + DAY)


def test_what_a_guest_allows_is_told() -> None:
    claims = machine().examine(machine().evidence(report(policy=0xB0000, vmpl=3)))
    assert (claims.debug, claims.vmpl) == (True, 3)


def test_turin_numbers_its_firmware_otherwise() -> None:
    tcb = {"fmc": 1, "bootloader": 2, "tee": 3, "snp": 4, "microcode": 7}
    made = machine().with_vcek(extensions=extensions(tcb, CHIP[:8]))
    body = report(version=3, tcb=bytes([1, 2, 3, 4, 0, 0, 0, 7]), chip=CHIP[:8].ljust(64, b"\0"))
    assert made.examine(made.evidence(body)).tcb == tcb


def test_without_a_list_nothing_is_dated() -> None:
    made = machine().but(lists=())
    assert made.examine(made.evidence()).collateral_issued is None


def test_nobody_trusts_our_root() -> None:
    with pytest.raises(UntrustedRoot):
        examine(machine().evidence(), NOW, PRODUCTION)


@pytest.mark.parametrize(("make", "error"), CASES)
def test_what_is_ill_is_refused_with_its_own_error(make: Make, error: type[HushworkError]) -> None:
    made = make(machine())
    evidence = made.evidence() if isinstance(made, Machine) else made
    roots = machine().roots
    if isinstance(made, Machine) and error is not UntrustedRoot:
        roots = made.roots
    with pytest.raises(HushworkError) as caught:
        examine(evidence, NOW, roots)
    assert type(caught.value) is error, caught.value
