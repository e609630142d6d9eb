"""Intel's SGX and TDX quotes, by dcap-qvl; offline, with the collateral that comes along."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_crl, load_pem_x509_certificates
from dcap_qvl import QuoteCollateralV3, QuotePolicy, QuoteVerifier
from msgspec import Meta, Struct

from hushwork.attested.evidence.bundle import Evidence
from hushwork.attested.evidence.chains import parsing
from hushwork.attested.evidence.claims import Claims
from hushwork.attested.evidence.dcap_reasons import refusal
from hushwork.attested.evidence.events import replay
from hushwork.attested.evidence.roots import Roots, require
from hushwork.errors import ExpiredEvidence, MalformedBytes

_LATEST = 1 << 40
_NAMES = {"sgx": 0x00, "tdx": 0x81}
"""TEE types of a quote's header."""
_NUMBERS = frozenset({"isv_prod_id", "isv_svn"})
_UNMEASURED = frozenset({"report_data", "reserved1", "reserved2", "reserved3", "reserved4"})

Text = Annotated[str, Meta(max_length=64 << 10)]
LowerHex = Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})*\Z")]
Signature = Annotated[LowerHex, Meta(max_length=128)]


class Collateral(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What Intel's provisioning certification service publishes, as dcap-qvl writes it."""

    pck_crl_issuer_chain: Text
    root_ca_crl: LowerHex
    pck_crl: LowerHex
    tcb_info_issuer_chain: Text
    tcb_info: Text
    tcb_info_signature: Signature
    qe_identity_issuer_chain: Text
    qe_identity: Text
    qe_identity_signature: Signature
    pck_certificate_chain: Text | None = None
    """Where the quote does not hold it."""

    @classmethod
    def from_bytes(cls, data: bytes) -> Collateral:
        """Raises MalformedBytes."""
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise MalformedBytes("collateral", expected="JSON", got=str(error)[:200]) from None

    def to_bytes(self) -> bytes:
        """Encode as JSON."""
        return msgspec.json.encode(self)

    @property
    def root(self) -> bytes:
        """DER of the certificate that it names as root. Raises MalformedBytes."""
        with parsing("issuer chain of the TCB info"):
            chain = load_pem_x509_certificates(self.tcb_info_issuer_chain.encode())
            return chain[-1].public_bytes(Encoding.DER)

    @property
    def issued(self) -> int:
        """When the oldest of TCB info, QE identity and PCK CRL was. Raises MalformedBytes.

        Not the root's CRL, which Intel renews once a year.
        """
        with parsing("dates of the collateral"):
            texts = (self.tcb_info, self.qe_identity)
            issued = [msgspec.json.decode(text, type=_Dated).issued for text in texts]
            crl = load_der_x509_crl(bytes.fromhex(self.pck_crl))
            return int(min(*issued, crl.last_update_utc.timestamp()))


class _Dated(Struct, frozen=True, rename="camel"):
    issue_date: datetime

    @property
    def issued(self) -> float:
        return self.issue_date.timestamp()


def examine(evidence: Evidence, now: int, roots: Roots) -> Claims:
    """Check a quote. Raises InvalidEvidence or InvalidBytes."""
    collateral = Collateral.from_bytes(evidence.collateral)
    anchor = collateral.root
    root = require(hashlib.sha256(anchor).hexdigest(), roots.intel)
    verified = _verify(evidence.document, collateral, anchor, now)
    if verified["tee_type"] != _NAMES[evidence.platform]:
        got = hex(verified["tee_type"])
        raise MalformedBytes("type of the quote", expected=evidence.platform, got=got)
    report = _flat(verified["report"])
    measurements = {name: value for name, value in report.items() if name not in _UNMEASURED}
    pck = verified["platform"]["pck"]
    return Claims(
        platform=evidence.platform,
        measurements=measurements,
        report_data=bytes.fromhex(report["report_data"]),
        status=verified["tcb"]["status"],
        advisories=tuple(verified["tcb"]["advisory_ids"]),
        debug=False,
        identity=bytes(pck["ppid"]).hex(),
        root=root,
        collateral_issued=collateral.issued,
        collateral_expires=verified["earliest_expiration_date"],
        events=_events(evidence, measurements),
        details=_details(verified),
    )


def _verify(quote: bytes, collateral: Collateral, root: bytes, now: int) -> dict[str, Any]:
    """What dcap-qvl says of a quote that it accepts. It refuses those under debugging."""
    if not 0 <= now < _LATEST:
        raise ExpiredEvidence("time", expected="seconds since 1970", got=now)
    try:
        given = QuoteCollateralV3.from_json(collateral.to_bytes().decode())
    except ValueError as error:
        raise MalformedBytes("collateral", got=str(error)[:200]) from None
    try:
        policy = QuotePolicy.claims_only(now)
        claims = QuoteVerifier(root).verify_with_policy(quote, given, now, policy)
    except ValueError as error:
        raise refusal(error, quote, given, root, now) from None
    verified: dict[str, Any] = msgspec.json.decode(claims.to_json())
    return verified


def _flat(report: dict[str, Any]) -> dict[str, str]:
    """Names of a report and, inside of it, of the older report that it extends; numbers as hex."""
    fields: dict[str, str] = {}
    for name, value in report.items():
        if isinstance(value, dict):
            fields |= _flat(value)
        elif isinstance(value, int):
            fields[name] = f"{value:0{4 if name in _NUMBERS else 8}x}"
        else:
            fields[name] = value
    return fields


def _events(evidence: Evidence, measurements: dict[str, str]) -> dict[str, str]:
    if not evidence.event_log:
        return {}
    if "rt_mr3" not in measurements:
        raise MalformedBytes("event log", expected="none of an enclave", got="one")
    return replay(evidence.event_log, measurements["rt_mr3"])


def _details(verified: dict[str, Any]) -> dict[str, str]:
    pck, tcb = verified["platform"]["pck"], verified["tcb"]
    return {
        "fmspc": bytes(pck["fmspc"]).hex(),
        "tcb_evaluation_data_number": str(tcb["eval_data_number"]),
        "tcb_date": verified["platform"]["tcb_level"]["tcbDate"],
        "dynamic_platform": pck["dynamic_platform"],
        "cached_keys": pck["cached_keys"],
        "smt_enabled": pck["smt_enabled"],
    }
