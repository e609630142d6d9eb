"""Keys and certificates shaped as Intel shapes its own, for platforms that only pretend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from cryptography.x509 import (
    AuthorityKeyIdentifier,
    BasicConstraints,
    Certificate,
    CertificateBuilder,
    CertificateRevocationListBuilder,
    CRLNumber,
    KeyUsage,
    Name,
    NameAttribute,
    ObjectIdentifier,
    RevokedCertificateBuilder,
    SubjectKeyIdentifier,
    UnrecognizedExtension,
    load_der_x509_certificate,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

SGX_EXTENSION = ObjectIdentifier("1.2.840.113741.1.13.1")
YEARS = timedelta(days=3650)
_OID = bytes.fromhex("2a864886f84d010d01")
"""DER of 1.2.840.113741.1.13.1."""


@dataclass(frozen=True)
class Signer:
    """A private key of P-256 and its certificate."""

    key: EllipticCurvePrivateKey
    certificate: Certificate

    @classmethod
    def root(cls, name: str, start: datetime) -> Signer:
        """One that signs itself. start: of its ten years."""
        key = generate_private_key(SECP256R1())
        return cls(key, _certificate(name, key, None, start, is_authority=True))

    @classmethod
    def from_der(cls, key: bytes, certificate: bytes) -> Signer:
        """As `to_der` gave it. Raises ValueError or TypeError."""
        loaded = load_der_private_key(key, None)
        if not isinstance(loaded, EllipticCurvePrivateKey):
            raise TypeError("not a key of an elliptic curve")
        return cls(loaded, load_der_x509_certificate(certificate))

    def to_der(self) -> tuple[bytes, bytes]:
        """Key (PKCS #8, not encrypted) and certificate."""
        key = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return key, self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        name: str,
        start: datetime | None = None,
        *,
        is_authority: bool = False,
        sgx_extension: bytes | None = None,
    ) -> Signer:
        """One under this; from the same time on if no other is given."""
        key = generate_private_key(SECP256R1())
        start = start or self.certificate.not_valid_before_utc
        certificate = _certificate(
            name, key, self, start, is_authority=is_authority, sgx_extension=sgx_extension
        )
        return Signer(key, certificate)

    def revocations(
        self, issued: datetime, expires: datetime, revoked: Iterable[Certificate] = ()
    ) -> bytes:
        """A revocation list, DER."""
        builder = (
            CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(issued)
            .next_update(expires)
            .add_extension(CRLNumber(1), critical=False)
            .add_extension(_authority_identifier(self.key), critical=False)
        )
        for certificate in revoked:
            entry = RevokedCertificateBuilder().serial_number(certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(issued).build())
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.DER)

    def sign(self, data: bytes) -> bytes:
        """r and s, 32 bytes each, big-endian: ECDSA over P-256 with SHA-256."""
        return sign(self.key, data)


def sign(key: EllipticCurvePrivateKey, data: bytes) -> bytes:
    """r and s, 32 bytes each, big-endian: ECDSA over P-256 with SHA-256."""
    r, s = decode_dss_signature(key.sign(data, ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def public_point(key: EllipticCurvePrivateKey) -> bytes:
    """x and y, 32 bytes each, big-endian."""
    public = key.public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]


def sgx_extension(
    ppid: bytes,
    fmspc: bytes,
    cpu_svn: bytes = bytes(16),
    pce_svn: int = 0,
) -> bytes:
    """What Intel's PCK certificates say of a processor. ppid, cpu_svn: 16 bytes. fmspc: 6 bytes.

    After Intel's "SGX PCK Certificate and Certificate Revocation List Profile Specification".
    """
    components = [_entry((2, index + 1), _integer(svn)) for index, svn in enumerate(cpu_svn)]
    levels = _der(
        0x30,
        *components,
        _entry((2, 17), _integer(pce_svn)),
        _entry((2, 18), _octets(cpu_svn)),
    )
    return _der(
        0x30,
        _entry((1,), _octets(ppid)),
        _entry((2,), levels),
        _entry((3,), _octets(bytes(2))),
        _entry((4,), _octets(fmspc)),
        _entry((5,), _der(0x0A, b"\0")),
    )


def _entry(path: tuple[int, ...], value: bytes) -> bytes:
    return _der(0x30, _der(0x06, _OID + bytes(path)), value)


def _octets(value: bytes) -> bytes:
    return _der(0x04, value)


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + content


def _certificate(
    name: str,
    key: EllipticCurvePrivateKey,
    issuer: Signer | None,
    start: datetime,
    *,
    is_authority: bool,
    sgx_extension: bytes | None = None,
) -> Certificate:
    subject = Name([NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + YEARS)
        .add_extension(BasicConstraints(is_authority, None), critical=True)
        .add_extension(_usage(is_authority), critical=True)
        .add_extension(SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_identifier(issuer.key if issuer else key), critical=False)
    )
    if sgx_extension is not None:
        extension = UnrecognizedExtension(SGX_EXTENSION, sgx_extension)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer.key if issuer else key, SHA256())


def _authority_identifier(key: EllipticCurvePrivateKey) -> AuthorityKeyIdentifier:
    return AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(is_authority: bool) -> KeyUsage:
    return KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def moment(now: float) -> datetime:
    """Unix seconds as a time of whole seconds."""
    return datetime.fromtimestamp(int(now), UTC)
