"""Quotes of SGX enclaves (version 3) and TDX guests (version 4), laid out as Intel's are.

After Intel's "SGX ECDSA QuoteLibReference DCAP API" and "TDX DCAP Quoting Library API"; integers
are little-endian.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)

from hushwork.attested.platforms.certificates import Signer, public_point, sign
from hushwork.attested.platforms.collateral import QE_PRODUCT, QE_SIGNER

TDX_TEE = 0x81
INTEL_QE = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
"""Vendor of the quoting enclave; no other is defined."""
ENCLAVE_ATTRIBUTES = bytes([0x11]) + bytes(15)
GUEST_ATTRIBUTES = (1 << 28).to_bytes(8, "little")
"""SEPT_VE_DISABLE, without which a guest's memory may vanish under it."""
_KEY_TYPE_P256 = 2
_PCK_CHAIN = 5
_QE_REPORT = 6


def enclave_report(
    report_data: bytes,
    mr_enclave: bytes = bytes(32),
    mr_signer: bytes = QE_SIGNER,
    product: int = 0,
    attributes: bytes = ENCLAVE_ATTRIBUTES,
) -> bytes:
    """384 bytes. report_data: 64 bytes."""
    return b"".join(
        (
            bytes(48),
            attributes,
            mr_enclave,
            bytes(32),
            mr_signer,
            bytes(96),
            struct.pack("<HH", product, 0),
            bytes(60),
            report_data,
        )
    )


def guest_report(
    report_data: bytes,
    mr_td: bytes = bytes(48),
    registers: tuple[bytes, bytes, bytes, bytes] = (bytes(48),) * 4,
    attributes: bytes = GUEST_ATTRIBUTES,
) -> bytes:
    """584 bytes. report_data: 64 bytes. mr_td and the four RTMRs: 48 bytes each."""
    return b"".join(
        (
            bytes(16 + 48 + 48 + 8),
            attributes,
            bytes(8),
            mr_td,
            bytes(3 * 48),
            *registers,
            report_data,
        )
    )


@dataclass(frozen=True)
class QuotingEnclave:
    """What signs reports on one processor."""

    pck: Signer
    issuers: str
    """PEM of who issued the processor's certificate, up to the root."""
    key: EllipticCurvePrivateKey
    """Of attestation: the processor's key vouches for it."""

    @classmethod
    def on(cls, pck: Signer, issuers: str) -> QuotingEnclave:
        """With a fresh key."""
        return cls(pck, issuers, generate_private_key(SECP256R1()))

    def quote(self, platform: str, report: bytes, own: bytes | None = None) -> bytes:
        """Of a report of an enclave ("sgx") or of a guest ("tdx"). own: the quoting enclave's
        report, if it is not as it should be."""
        tee, version = (TDX_TEE, 4) if platform == "tdx" else (0, 3)
        header = struct.pack("<HHIHH", version, _KEY_TYPE_P256, tee, 0, 0) + INTEL_QE + bytes(20)
        signed = header + report
        own = own or self.report(platform)
        certified = own + self.pck.sign(own) + _sized("<H", bytes(32)) + self._certification
        if version == 4:
            certified = struct.pack("<H", _QE_REPORT) + _sized("<I", certified)
        data = sign(self.key, signed) + public_point(self.key) + certified
        return signed + _sized("<I", data)

    def report(self, platform: str) -> bytes:
        """Of the quoting enclave itself: that the attestation key is its own."""
        digest = hashlib.sha256(public_point(self.key) + bytes(32)).digest()
        return enclave_report(digest + bytes(32), product=QE_PRODUCT[platform])

    @property
    def _certification(self) -> bytes:
        chain = (self.pck.pem + self.issuers).encode()
        return struct.pack("<H", _PCK_CHAIN) + _sized("<I", chain)


def _sized(kind: str, data: bytes) -> bytes:
    return struct.pack(kind, len(data)) + data
