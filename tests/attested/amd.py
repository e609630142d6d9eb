"""An AMD machine of our own."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hushwork.attested.evidence import PRODUCTION, Claims, Evidence, Roots, examine
from hushwork.attested.evidence.chains import key_digest
from tests.attested.authorities import Issuer, issue
from tests.attested.machines import NOW, REPORT_DATA

OID = "1.3.6.1.4.1.3704.1."
CHIP = bytes(range(64))
TCB = {"bootloader": 3, "tee": 1, "snp": 200, "microcode": 72}
SERIES = {"bootloader": "3.1", "tee": "3.2", "snp": "3.3", "microcode": "3.8", "fmc": "3.9"}
MEASUREMENT = b"\x11" * 48


def integer(value: int) -> bytes:
    return bytes([2, 1, value]) if value < 128 else bytes([2, 2, 0, value])


def extensions(tcb: dict[str, int], chip: bytes = CHIP) -> dict[str, bytes]:
    """Of a VCEK."""
    return {OID + SERIES[name]: integer(value) for name, value in tcb.items()} | {OID + "4": chip}


def report(**fields: Any) -> bytes:
    """0x2A0 bytes; fields: version, policy, vmpl, algorithm, flags, tcb (8 bytes), chip."""
    tcb = bytes([3, 1, 0, 0, 0, 0, 200, 72])
    known = {"version": 2, "policy": 0x30000, "vmpl": 0, "algorithm": 1, "flags": 0}
    f = known | {"tcb": tcb, "chip": CHIP, "report_data": REPORT_DATA} | fields
    body = bytearray(0x2A0)
    struct.pack_into("<IIQ", body, 0, f["version"], 0, f["policy"])
    struct.pack_into("<II", body, 0x30, f["vmpl"], f["algorithm"])
    struct.pack_into("<I", body, 0x48, f["flags"])
    body[0x50:0x90] = f["report_data"]
    body[0x90:0xC0] = MEASUREMENT
    body[0x180:0x188] = f["tcb"]
    body[0x1A0:0x1E0] = f["chip"]
    return bytes(body)


@dataclass(frozen=True)
class Machine:
    ark: Issuer
    ask: Issuer
    vcek: Issuer
    lists: tuple[bytes, ...]

    @classmethod
    def new(cls) -> Machine:
        ark = issue("ARK", is_rsa=True)
        ask = ark.issue("SEV", is_rsa=True)
        vcek = ask.issue("VCEK", is_authority=False, extensions=extensions(TCB))
        return cls(ark, ask, vcek, (ark.revoke(),))

    @property
    def roots(self) -> Roots:
        return PRODUCTION.with_insecure(key_digest(self.ark.certificate))

    @property
    def collateral(self) -> bytes:
        return b"".join((self.vcek.pem, self.ask.pem, self.ark.pem, *self.lists))

    def but(self, **fields: Any) -> Machine:
        return replace(self, **fields)

    def with_vcek(self, issuer: Issuer | None = None, **options: Any) -> Machine:
        known = {"is_authority": False, "extensions": extensions(TCB)}
        return self.but(vcek=(issuer or self.ask).issue("VCEK", **(known | options)))

    def evidence(self, body: bytes | None = None, tail: bytes = bytes(0x170)) -> Evidence:
        body = body or report()
        r, s = self.vcek.sign(body)
        signature = r.to_bytes(72, "little") + s.to_bytes(72, "little")
        return Evidence("sev-snp", body + signature + tail, self.collateral)

    def examine(self, evidence: Evidence, now: int = NOW) -> Claims:
        return examine(evidence, now, self.roots)


@cache
def machine() -> Machine:
    return Machine.new()
