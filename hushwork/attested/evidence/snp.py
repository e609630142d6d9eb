"""AMD SEV-SNP attestation reports, after AMD's SEV-SNP firmware ABI specification (56860)."""

from __future__ import annotations

import re
import struct
import warnings
from dataclasses import dataclass

from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import (
    Certificate,
    CertificateRevocationList,
    UnrecognizedExtension,
    load_pem_x509_certificate,
    load_pem_x509_crl,
)

from hushwork.attested.evidence.bundle import Evidence
from hushwork.attested.evidence.chains import (
    check_chain,
    check_revocation,
    check_signature,
    key_digest,
    parsing,
)
from hushwork.attested.evidence.claims import UNJUDGED, Claims
from hushwork.attested.evidence.roots import Roots, require
from hushwork.errors import MalformedBytes, MismatchedCollateral, UnsupportedVersion

REPORT_SIZE = 0x4A0
SIGNED_SIZE = 0x2A0
VERSIONS = frozenset({2, 3, 4, 5})
ECDSA_P384_SHA384 = 1
DEBUG_ALLOWED = 1 << 19
"""Bit of the guest's policy."""

_FIELDS = {
    "policy": (0x08, 8),
    "family_id": (0x10, 16),
    "image_id": (0x20, 16),
    "measurement": (0x90, 48),
    "host_data": (0xC0, 32),
    "id_key_digest": (0xE0, 48),
    "author_key_digest": (0x110, 48),
}
_REPORT_DATA = slice(0x50, 0x90)
_REPORTED_TCB = slice(0x180, 0x188)
_CHIP_ID = slice(0x1A0, 0x1E0)
_R, _S = slice(0x2A0, 0x2E8), slice(0x2E8, 0x330)

_OID = "1.3.6.1.4.1.3704.1."
_HARDWARE_ID = _OID + "4"
_SERIES = {
    "fmc": _OID + "3.9",
    "bootloader": _OID + "3.1",
    "tee": _OID + "3.2",
    "snp": _OID + "3.3",
    "microcode": _OID + "3.8",
}
_MILAN = {"bootloader": 0, "tee": 1, "snp": 6, "microcode": 7}
_TURIN = {"fmc": 0, "bootloader": 1, "tee": 2, "snp": 3, "microcode": 7}
"""Which byte of a TCB version holds what; Turin's chips have an FMC."""

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----")
_MOST_BLOCKS = 6

# AMD gives every VCEK the serial number zero, at which cryptography warns each time.
warnings.filterwarnings(
    "ignore", "Parsed a serial number which wasn't positive", CryptographyDeprecationWarning
)


@dataclass(frozen=True)
class _Collateral:
    chain: tuple[Certificate, ...]
    lists: tuple[CertificateRevocationList, ...]


def examine(evidence: Evidence, now: int, roots: Roots) -> Claims:
    """Check a report and its chain. Raises InvalidEvidence or InvalidBytes."""
    report = _Report(evidence.document)
    collateral = _collateral(evidence.collateral)
    root = require(_root(collateral.chain[-1]), roots.amd)
    check_signature(collateral.chain[0], report.signature, report.signed)
    expires = check_chain(collateral.chain, now)
    dates = check_revocation(collateral.lists, collateral.chain, now)
    with parsing("VCEK"):
        tcb = report.require_key_of(_extensions(collateral.chain[0]))
    return Claims(
        platform="sev-snp",
        measurements=report.measurements,
        report_data=report.data[_REPORT_DATA],
        status=UNJUDGED,
        advisories=(),
        debug=bool(report.policy & DEBUG_ALLOWED),
        identity=report.data[_CHIP_ID].hex(),
        root=root,
        collateral_issued=dates[0] if dates else None,
        collateral_expires=min(expires, dates[1]) if dates else expires,
        tcb=tcb,
        vmpl=report.vmpl,
    )


class _Report:
    """Fields of a report that is well formed."""

    def __init__(self, data: bytes) -> None:
        if len(data) != REPORT_SIZE:
            raise MalformedBytes("SNP report", expected=f"{REPORT_SIZE} bytes", got=len(data))
        self.data = data
        self.signed = data[:SIGNED_SIZE]
        self.version, _, self.policy = struct.unpack_from("<IIQ", data)
        self.vmpl, algorithm = struct.unpack_from("<II", data, 0x30)
        (flags,) = struct.unpack_from("<I", data, 0x48)
        if self.version not in VERSIONS:
            raise UnsupportedVersion("SNP report", expected="2 to 5", got=self.version)
        if algorithm != ECDSA_P384_SHA384:
            raise UnsupportedVersion("SNP signature", expected=ECDSA_P384_SHA384, got=algorithm)
        if flags >> 2 & 7:
            raise UnsupportedVersion("SNP signing key", expected="VCEK", got=flags >> 2 & 7)
        if any(data[_S.stop :]):
            raise MalformedBytes("SNP report", expected="zeros after the signature", got="others")

    @property
    def signature(self) -> tuple[int, int]:
        r, s = (int.from_bytes(self.data[part], "little") for part in (_R, _S))
        return r, s

    @property
    def measurements(self) -> dict[str, str]:
        fields = {name: self.data[at : at + size] for name, (at, size) in _FIELDS.items()}
        return {name: value.hex() for name, value in fields.items()}

    def require_key_of(self, extensions: dict[str, bytes]) -> dict[str, int]:
        """TCB version, if the VCEK is this chip's and for it. Raises MismatchedCollateral."""
        layout = _TURIN if _SERIES["fmc"] in extensions else _MILAN
        reported = self.data[_REPORTED_TCB]
        tcb = {name: reported[index] for name, index in layout.items()}
        certified = {name: _integer(extensions.get(_SERIES[name], b"")) for name in layout}
        if tcb != certified:
            raise MismatchedCollateral("VCEK's TCB", expected=tcb, got=certified)
        chip, hardware = self.data[_CHIP_ID], extensions.get(_HARDWARE_ID, b"")
        if len(hardware) not in {8, 64} or hardware.ljust(64, b"\0") != chip or not any(chip):
            raise MismatchedCollateral("VCEK's chip", expected=chip.hex(), got=hardware.hex())
        return tcb


def _extensions(vcek: Certificate) -> dict[str, bytes]:
    return {
        extension.oid.dotted_string: extension.value.value
        for extension in vcek.extensions
        if isinstance(extension.value, UnrecognizedExtension)
    }


def _integer(der: bytes) -> int:
    """A DER integer of one byte, or of two of which the first is zero; -1 for anything else."""
    if len(der) == 3 and der[:2] == b"\2\1" and der[2] < 128:
        return der[2]
    return der[3] if len(der) == 4 and der[:3] == b"\2\2\0" else -1


def _root(certificate: Certificate) -> str:
    with parsing("ARK"):
        return key_digest(certificate)


def _collateral(pem: bytes) -> _Collateral:
    chain: list[Certificate] = []
    lists: list[CertificateRevocationList] = []
    with parsing("SNP collateral"):
        for index, block in enumerate(_PEM.finditer(pem)):
            if index == _MOST_BLOCKS:
                raise MalformedBytes("SNP collateral", expected=f"at most {_MOST_BLOCKS} blocks")
            if block[1] == b"X509 CRL":
                lists.append(load_pem_x509_crl(block[0]))
            else:
                chain.append(load_pem_x509_certificate(block[0]))
    if len(chain) != 3:
        raise MalformedBytes("SNP collateral", expected="VCEK, ASK and ARK", got=len(chain))
    return _Collateral(tuple(chain), tuple(lists))
