"""Chains of X.509 certificates as AMD and AWS issue them: leaf first, root last."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    CertificateRevocationList,
    ExtensionNotFound,
    KeyUsage,
)

from hushwork.errors import (
    ExpiredEvidence,
    ForgedEvidence,
    HushworkError,
    MalformedBytes,
    RevokedPlatform,
)

Chain = Sequence[Certificate]
E = TypeVar("E", BasicConstraints, KeyUsage)


@contextmanager
def parsing(what: str) -> Iterator[None]:
    """Whatever somebody else's parser raises at a stranger's bytes becomes MalformedBytes."""
    try:
        yield
    except HushworkError:
        raise
    except Exception as error:
        raise MalformedBytes(what, expected="well-formed", got=repr(error)[:200]) from None


def instant(now: int) -> datetime:
    """Unix seconds as a time. Raises ExpiredEvidence where no calendar reaches."""
    try:
        return datetime.fromtimestamp(now, UTC)
    except (OverflowError, ValueError, OSError):
        raise ExpiredEvidence("time", expected="a year of four digits", got=now) from None


def certificate_digest(certificate: Certificate) -> str:
    """SHA-256 of the DER, hex."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def key_digest(certificate: Certificate) -> str:
    """SHA-256 of the DER of its public key (SubjectPublicKeyInfo), hex."""
    key = certificate.public_key()
    return hashlib.sha256(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def check_chain(chain: Chain, now: int) -> int:
    """Signatures, names, constraints and validity of every certificate; gives the first expiry.

    The last one must sign itself; whether it is trusted is not asked here. Raises ForgedEvidence,
    ExpiredEvidence or MalformedBytes.
    """
    with parsing("certificate"):
        for depth, (certificate, issuer) in enumerate(pairwise([*chain, chain[-1]])):
            _require_issued(certificate, issuer)
            _require_role(certificate, depth)
        for certificate in chain:
            _require_current(certificate, now)
        return min(int(certificate.not_valid_after_utc.timestamp()) for certificate in chain)


def check_revocation(
    lists: Sequence[CertificateRevocationList], chain: Chain, now: int
) -> tuple[int, int] | None:
    """Check the chain against lists that its authorities signed.

    Gives (oldest issue, first next update), or None if there is no list. Raises RevokedPlatform,
    ForgedEvidence, ExpiredEvidence or MalformedBytes.
    """
    with parsing("revocation list"):
        dates = [_check_list(revoked, chain, now) for revoked in lists]
    if not dates:
        return None
    return min(issued for issued, _ in dates), min(expires for _, expires in dates)


def check_signature(leaf: Certificate, signature: tuple[int, int], signed: bytes) -> None:
    """ECDSA over P-384 with SHA-384, (r, s). Raises ForgedEvidence."""
    with parsing("signing key"):
        key = leaf.public_key()
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP384R1):
        raise ForgedEvidence("signing key", expected="of P-384", got=type(key).__name__)
    try:
        key.verify(encode_dss_signature(*signature), signed, ECDSA(SHA384()))
    except (InvalidSignature, ValueError):
        raise ForgedEvidence("the document's signature does not hold") from None


def _require_issued(certificate: Certificate, issuer: Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        name = certificate.subject.rfc4514_string()[:100]
        raise ForgedEvidence("certificate not of its issuer", got=name) from None


def _require_role(certificate: Certificate, depth: int) -> None:
    """Only authorities sign certificates, and none deeper than it may."""
    for extension in certificate.extensions:
        if extension.critical and not isinstance(extension.value, BasicConstraints | KeyUsage):
            raise ForgedEvidence("critical extension", got=extension.oid.dotted_string)
    constraints = _extension(certificate, BasicConstraints)
    usage = _extension(certificate, KeyUsage)
    is_authority = constraints is not None and constraints.ca
    if is_authority != (depth > 0):
        role = "an authority" if depth else "a leaf"
        raise ForgedEvidence("certificate", expected=role, got="the other")
    if depth and usage is not None and not usage.key_cert_sign:
        raise ForgedEvidence("authority", expected="one that may sign certificates", got="not")
    length = constraints.path_length if constraints else None
    if length is not None and length < depth - 1:
        raise ForgedEvidence("length of the chain", expected=f"at most {length}", got=depth - 1)


def _extension(certificate: Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except ExtensionNotFound:
        return None


def _require_current(certificate: Certificate, now: int) -> None:
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first <= instant(now) <= last:
        raise ExpiredEvidence("certificate", expected=f"{first} to {last}", got=instant(now))


def _check_list(revoked: CertificateRevocationList, chain: Chain, now: int) -> tuple[int, int]:
    issuers = [certificate for certificate in chain[1:] if certificate.subject == revoked.issuer]
    if not any(_signed_by(revoked, issuer) for issuer in issuers):
        raise ForgedEvidence("revocation list", expected="of an authority of the chain", got="not")
    if any(extension.critical for extension in revoked.extensions):
        raise ForgedEvidence("revocation list", expected="a whole one", got="a critical extension")
    first, last = revoked.last_update_utc, revoked.next_update_utc
    if last is None or not first <= instant(now) <= last:
        raise ExpiredEvidence("revocation list", expected=f"{first} to {last}", got=instant(now))
    for certificate in chain:
        number = certificate.serial_number
        found = revoked.get_revoked_certificate_by_serial_number(number)
        if certificate.issuer == revoked.issuer and found is not None:
            raise RevokedPlatform("certificate", got=certificate.subject.rfc4514_string()[:100])
    return int(first.timestamp()), int(last.timestamp())


def _signed_by(revoked: CertificateRevocationList, issuer: Certificate) -> bool:
    key = issuer.public_key()
    return revoked.is_signature_valid(key)  # type: ignore[arg-type]
