"""Chains of certificates as AMD's and AWS's, of our own making, and to be made ill."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    CertificateBuilder,
    CertificateRevocationListBuilder,
    DeltaCRLIndicator,
    KeyUsage,
    Name,
    NameAttribute,
    ObjectIdentifier,
    RevokedCertificateBuilder,
    UnrecognizedExtension,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

from hushwork.attested.platforms.certificates import moment
from tests.attested.machines import DAY, NOW

PSS = padding.PSS(padding.MGF1(SHA384()), SHA384.digest_size)
Key = Any


@dataclass(frozen=True)
class Issuer:
    key: Key
    certificate: Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, name: str, **options: Any) -> Issuer:
        return issue(name, self, **options)

    def sign(self, data: bytes) -> tuple[int, int]:
        return decode_dss_signature(self.key.sign(data, ec.ECDSA(SHA384())))

    def revoke(
        self,
        revoked: Iterable[Issuer] = (),
        issued: int = NOW - DAY,
        expires: int = NOW + DAY,
        *,
        is_delta: bool = False,
    ) -> bytes:
        """A list, PEM."""
        builder = (
            CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(moment(issued))
            .next_update(moment(expires))
        )
        if is_delta:
            builder = builder.add_extension(DeltaCRLIndicator(1), critical=True)
        for one in revoked:
            entry = RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(moment(issued)).build())
        return _sign(builder, self.key).public_bytes(Encoding.PEM)


def issue(
    name: str,
    issuer: Issuer | None = None,
    *,
    is_authority: bool = True,
    is_rsa: bool = False,
    start: int = NOW - DAY,
    end: int = NOW + DAY,
    length: int | None = None,
    extensions: dict[str, bytes] | None = None,
    critical: bool = False,
    may_sign: bool | None = None,
) -> Issuer:
    key: Key = (
        rsa.generate_private_key(65537, 2048) if is_rsa else ec.generate_private_key(ec.SECP384R1())
    )
    subject = Name([NameAttribute(NameOID.COMMON_NAME, name)])
    may_sign = is_authority if may_sign is None else may_sign
    builder = (
        CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(random_serial_number())
        .not_valid_before(moment(start))
        .not_valid_after(moment(end))
        .add_extension(BasicConstraints(is_authority, length), critical=True)
        .add_extension(
            KeyUsage(not may_sign, False, False, False, False, may_sign, may_sign, False, False),
            critical=True,
        )
    )
    for oid, value in (extensions or {}).items():
        extension = UnrecognizedExtension(ObjectIdentifier(oid), value)
        builder = builder.add_extension(extension, critical=critical)
    return Issuer(key, _sign(builder, issuer.key if issuer else key))


def _sign(builder: Any, key: Key) -> Any:
    if isinstance(key, rsa.RSAPrivateKey):
        return builder.sign(key, SHA384(), rsa_padding=PSS)
    return builder.sign(key, SHA384())
