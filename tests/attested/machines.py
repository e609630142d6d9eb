"""Machines of a vendor of our own: Intel's two kinds, well-formed, and to be made ill."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import msgspec

from hushwork.attested.evidence import PRODUCTION, Claims, Evidence, Roots, examine
from hushwork.attested.evidence.chains import certificate_digest
from hushwork.attested.evidence.dcap import Collateral
from hushwork.attested.platforms.certificates import Signer, moment
from hushwork.attested.platforms.collateral import Publication, Vendor
from hushwork.attested.platforms.quotes import QuotingEnclave, enclave_report, guest_report

NOW = 1760000000
DAY = 86400
FMSPC = bytes([0, 1, 2, 3, 4, 5])
PPID = bytes(range(16))
REPORT_DATA = bytes(range(64))

Kind = Literal["sgx", "tdx"]


@dataclass(frozen=True)
class Machine:
    """One processor, what its vendor publishes, and what runs on it."""

    platform: Kind
    vendor: Vendor
    enclave: QuotingEnclave
    publication: Publication

    @classmethod
    def new(cls, platform: Kind) -> Machine:
        vendor = Vendor.new("Test", moment(NOW - DAY))
        pck = vendor.processor(PPID, FMSPC)
        issued, expires = moment(NOW - DAY), moment(NOW + DAY)
        publication = Publication.of(vendor, platform, FMSPC, issued, expires)
        return cls(platform, vendor, QuotingEnclave.on(pck, vendor.issuers), publication)

    @property
    def roots(self) -> Roots:
        return PRODUCTION.with_insecure(certificate_digest(self.vendor.root.certificate))

    @property
    def pck(self) -> Signer:
        return self.enclave.pck

    @property
    def signed(self) -> Collateral:
        return self.publication.signed()

    def report(self, **fields: Any) -> bytes:
        make = guest_report if self.platform == "tdx" else enclave_report
        return make(REPORT_DATA, **fields)

    def quote(self, report: bytes | None = None, own: bytes | None = None) -> bytes:
        return self.enclave.quote(self.platform, report or self.report(), own)

    def evidence(
        self, quote: bytes | None = None, collateral: Collateral | None = None
    ) -> Evidence:
        collateral = collateral or self.signed
        return Evidence(self.platform, quote or self.quote(), collateral.to_bytes())

    def examine(self, evidence: Evidence, now: int = NOW) -> Claims:
        return examine(evidence, now, self.roots)

    # What the vendor says otherwise, and signs.

    def with_tcb(self, **fields: Any) -> Machine:
        info = self.publication.tcb_info | fields
        return replace(self, publication=replace(self.publication, tcb_info=info))

    def with_level(self, **fields: Any) -> Machine:
        """With another one and only TCB level."""
        level = self.publication.tcb_info["tcbLevels"][0] | fields
        return self.with_tcb(tcbLevels=[level])

    def with_qe(self, **fields: Any) -> Machine:
        identity = self.publication.qe_identity | fields
        return replace(self, publication=replace(self.publication, qe_identity=identity))

    def with_revoked(self, *revoked: Signer) -> Machine:
        return replace(self, publication=replace(self.publication, revoked=revoked))

    def with_vendor(self, **signers: Signer) -> Machine:
        """Whose publication other keys sign."""
        vendor = replace(self.vendor, **signers)
        return replace(self, publication=replace(self.publication, vendor=vendor))

    def with_pck(self, pck: Signer, issuers: str | None = None) -> Machine:
        issuers = self.vendor.issuers if issuers is None else issuers
        return replace(self, enclave=QuotingEnclave.on(pck, issuers))

    # What nobody signs.

    def altered(self, **fields: Any) -> Evidence:
        """With other fields in signed collateral."""
        return self.evidence(collateral=msgspec.structs.replace(self.signed, **fields))

    def patched(self, offset: int, data: bytes, *, signed_again: bool = False) -> Evidence:
        """With other bytes in the quote; before its signature was made, or after."""
        quote = self.quote()
        if signed_again:
            size = len(self.report())
            report = bytearray(quote[48 : 48 + size])
            report[offset - 48 : offset - 48 + len(data)] = data
            return self.evidence(self.quote(bytes(report)))
        return self.evidence(quote[:offset] + data + quote[offset + len(data) :])


@cache
def machine(platform: Kind = "tdx") -> Machine:
    return Machine.new(platform)
