"""Collateral as Intel's provisioning certification service publishes it, of a pretended vendor."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hushwork.attested.evidence.dcap import Collateral
from hushwork.attested.platforms.certificates import Signer, sgx_extension

QE_SIGNER = bytes(32)
QE_PRODUCT = {"sgx": 1, "tdx": 2}
_QE_NAME = {"sgx": "QE", "tdx": "TD_QE"}
Fields = dict[str, Any]


@dataclass(frozen=True)
class Vendor:
    """The signers that a vendor of processors has, as Intel has them."""

    root: Signer
    authority: Signer
    """Of processors: the PCK CA."""
    tcb_signer: Signer

    @classmethod
    def new(cls, name: str, start: datetime) -> Vendor:
        """With fresh keys. start: of the certificates."""
        root = Signer.root(f"{name} Root CA", start)
        authority = root.issue(f"{name} PCK Platform CA", is_authority=True)
        return cls(root, authority, root.issue(f"{name} TCB Signing"))

    def processor(self, ppid: bytes, fmspc: bytes) -> Signer:
        """One of its processors. ppid: 16 bytes. fmspc: 6 bytes."""
        return self.authority.issue("PCK Certificate", sgx_extension=sgx_extension(ppid, fmspc))

    @property
    def issuers(self) -> str:
        """PEM of who signs PCK certificates."""
        return self.authority.pem + self.root.pem


@dataclass(frozen=True)
class Publication:
    """What a vendor says of one kind of processor."""

    vendor: Vendor
    tcb_info: Fields
    qe_identity: Fields
    issued: datetime
    expires: datetime
    revoked: tuple[Signer, ...] = field(default=())
    """Processors and authorities."""

    @classmethod
    def of(
        cls, vendor: Vendor, platform: str, fmspc: bytes, issued: datetime, expires: datetime
    ) -> Publication:
        """That processors of an FMSPC are up to date, whatever their versions. platform: "sgx" or
        "tdx"."""
        dates = {"issueDate": _text(issued), "nextUpdate": _text(expires)}
        tcb_info = _tcb_info(platform, fmspc) | dates
        return cls(vendor, tcb_info, _qe_identity(platform) | dates, issued, expires)

    def signed(self) -> Collateral:
        """With every signature."""
        tcb_info, qe_identity = _json(self.tcb_info), _json(self.qe_identity)
        vendor, signer = self.vendor, self.vendor.tcb_signer
        revoked = [signer.certificate for signer in self.revoked]
        lists = [
            authority.revocations(self.issued, self.expires, revoked).hex()
            for authority in (vendor.root, vendor.authority)
        ]
        return Collateral(
            pck_crl_issuer_chain=vendor.issuers,
            root_ca_crl=lists[0],
            pck_crl=lists[1],
            tcb_info_issuer_chain=signer.pem + vendor.root.pem,
            tcb_info=tcb_info,
            tcb_info_signature=signer.sign(tcb_info.encode()).hex(),
            qe_identity_issuer_chain=signer.pem + vendor.root.pem,
            qe_identity=qe_identity,
            qe_identity_signature=signer.sign(qe_identity.encode()).hex(),
        )


def _tcb_info(platform: str, fmspc: bytes) -> Fields:
    components = [{"svn": 0}] * 16
    tcb: Fields = {"sgxtcbcomponents": components, "pcesvn": 0}
    fields: Fields = {
        "id": platform.upper(),
        "version": 3,
        "fmspc": fmspc.hex().upper(),
        "pceId": "0000",
        "tcbType": 0,
        "tcbEvaluationDataNumber": 1,
    }
    if platform == "tdx":
        tcb["tdxtcbcomponents"] = components
        fields["tdxModule"] = {
            "mrsigner": "00" * 48,
            "attributes": "00" * 8,
            "attributesMask": "FF" * 8,
        }
    return fields | {"tcbLevels": [_level(tcb)]}


def _qe_identity(platform: str) -> Fields:
    return {
        "id": _QE_NAME[platform],
        "version": 2,
        "tcbEvaluationDataNumber": 1,
        "miscselect": "00" * 4,
        "miscselectMask": "FF" * 4,
        "attributes": "11" + "00" * 15,
        "attributesMask": "FF" * 16,
        "mrsigner": QE_SIGNER.hex().upper(),
        "isvprodid": QE_PRODUCT[platform],
        "tcbLevels": [_level({"isvsvn": 0})],
    }


def _level(tcb: Fields) -> Fields:
    return {"tcb": tcb, "tcbDate": "2024-01-01T00:00:00Z", "tcbStatus": "UpToDate"}


def _json(fields: Fields) -> str:
    return json.dumps(fields, separators=(",", ":"))


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
