"""Self-signed certificates, pinned by the fingerprint that their owner put on the ledger."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hushwork.errors import BadSignature, Unreachable

_YEARS = datetime.timedelta(days=3650)
_SKEW = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM files of the owner."""

    certificate_file: Path
    key_file: Path
    fingerprint: bytes
    """SHA-256 of the certificate in DER, 32 bytes."""


def load_or_make(folder: Path, now: datetime.datetime) -> Certificate:
    """Read the certificate kept in `folder`, or make one there, good for ten years."""
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    if not certificate_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _make(certificate_file, key_file, now)
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    return Certificate(certificate_file, key_file, certificate.fingerprint(hashes.SHA256()))


def pinned_context(host: str, port: int, fingerprint: bytes, timeout: float) -> ssl.SSLContext:
    """Fetch a server's certificate and trust it alone. Raises Unreachable or BadSignature."""
    try:
        pem = ssl.get_server_certificate((host, port), timeout=timeout)
    except (OSError, ValueError) as error:  # ValueError: a host that is no name
        raise Unreachable("no certificate came", expected=f"{host}:{port}", got=error) from None
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()
    if digest != fingerprint:
        expected, got = fingerprint.hex(), digest.hex()
        raise BadSignature("not the certificate on the ledger", expected=expected, got=got)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=pem)
    return context


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, where plain HTTP is allowed."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _make(certificate_file: Path, key_file: Path, now: datetime.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hushwork")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    _write_private(key_file, key.private_bytes(pem, pkcs8, plain))
    certificate_file.write_bytes(certificate.public_bytes(pem))


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
