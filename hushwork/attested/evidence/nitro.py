"""AWS Nitro Enclaves attestation documents: COSE_Sign1 (RFC 9052) over CBOR, ES384, after AWS's
"Verifying the root of trust" of the Nitro Enclaves user guide."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Annotated, NoReturn

import cbor2
import msgspec
from cryptography.x509 import load_der_x509_certificate
from msgspec import Meta, Struct

from hushwork.attested.evidence.bundle import Evidence
from hushwork.attested.evidence.chains import (
    certificate_digest,
    check_chain,
    check_signature,
    parsing,
)
from hushwork.attested.evidence.claims import UNJUDGED, Claims
from hushwork.attested.evidence.roots import Roots, require
from hushwork.errors import MalformedBytes, UnsupportedVersion

ES384 = {1: -35}
SIGNATURE_SIZE = 96
PCR_SIZES = frozenset({32, 48, 64})
_COSE_SIGN1 = 0xD2
"""The byte of its tag, which AWS leaves out."""

Certificate = Annotated[bytes, Meta(min_length=1, max_length=1024)]
Chosen = Annotated[bytes, Meta(max_length=1024)]
Register = Annotated[bytes, Meta(min_length=32, max_length=64)]
Index = Annotated[int, Meta(ge=0, lt=32)]


class _Document(Struct, frozen=True):
    module_id: Annotated[str, Meta(min_length=1, max_length=200)]
    digest: str
    timestamp: Annotated[int, Meta(gt=0, lt=1 << 62)]
    pcrs: Annotated[dict[Index, Register], Meta(min_length=1, max_length=32)]
    certificate: Certificate
    cabundle: Annotated[tuple[Certificate, ...], Meta(min_length=1, max_length=8)]
    public_key: Chosen | None = None
    user_data: Chosen | None = None
    nonce: Chosen | None = None


def examine(evidence: Evidence, now: int, roots: Roots) -> Claims:
    """Check a document. Raises InvalidEvidence or InvalidBytes.

    No list of revoked certificates exists offline: leaf certificates live three hours instead.
    """
    if evidence.collateral:
        raise MalformedBytes("Nitro collateral", expected="none", got=len(evidence.collateral))
    protected, payload, signature = _open(evidence.document)
    document = _document(payload)
    with parsing("Nitro certificate"):
        ders = [document.certificate, *reversed(document.cabundle)]
        chain = [load_der_x509_certificate(der) for der in ders]
        root = certificate_digest(chain[-1])
    require(root, roots.aws)
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    check_signature(chain[0], _split(signature), signed)
    expires = check_chain(chain, now)
    return Claims(
        platform="nitro",
        measurements=_measurements(document),
        report_data=document.user_data or b"",
        status=UNJUDGED,
        advisories=(),
        debug=not any(document.pcrs.get(0, b"")),
        identity=document.module_id,
        root=root,
        collateral_issued=document.timestamp // 1000,
        collateral_expires=expires,
        details=_details(document),
    )


def _refuse_tag(_value: object, _immutable: bool) -> NoReturn:
    raise ValueError("a tag where none may be")


_NO_TAGS = dict.fromkeys((*range(2048), 43000, 55799), _refuse_tag)
"""Every tag that cbor2 would make an object of."""


def _decode(what: str, data: bytes) -> object:
    """One item of plain CBOR and nothing behind it. Raises MalformedBytes."""
    stream = io.BytesIO(data)
    with parsing(what):
        item: object = cbor2.load(
            stream,
            tag_hook=_refuse_tag,
            semantic_decoders=_NO_TAGS,
            max_depth=8,
            allow_duplicate_keys=False,
        )
    if stream.read(1):
        raise MalformedBytes(what, expected="nothing behind it", got="more bytes")
    return item


def _open(document: bytes) -> tuple[bytes, bytes, bytes]:
    """Protected header, payload and signature. Raises MalformedBytes or UnsupportedVersion."""
    tagged = document[:1] == bytes([_COSE_SIGN1])
    match _decode("COSE_Sign1", document[1:] if tagged else document):
        case [bytes() as protected, Mapping() as unprotected, bytes() as payload, bytes() as sign]:
            pass
        case _:
            raise MalformedBytes("COSE_Sign1", expected="an array of four", got="something else")
    if unprotected or _decode("COSE header", protected) != ES384:
        raise UnsupportedVersion("COSE header", expected="ES384 alone, protected", got="another")
    if len(sign) != SIGNATURE_SIZE:
        raise MalformedBytes("COSE signature", expected=SIGNATURE_SIZE, got=len(sign))
    return protected, payload, sign


def _document(payload: bytes) -> _Document:
    try:
        document = msgspec.convert(_decode("Nitro document", payload), _Document)
    except msgspec.ValidationError as error:
        raise MalformedBytes("Nitro document", got=str(error)[:200]) from None
    if document.digest != "SHA384":
        raise UnsupportedVersion("Nitro digest", expected="SHA384", got=document.digest[:20])
    if any(len(register) not in PCR_SIZES for register in document.pcrs.values()):
        raise MalformedBytes("PCR", expected="32, 48 or 64 bytes", got="another size")
    return document


def _split(signature: bytes) -> tuple[int, int]:
    half = SIGNATURE_SIZE // 2
    return int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")


def _measurements(document: _Document) -> dict[str, str]:
    return {f"pcr{index}": document.pcrs[index].hex() for index in sorted(document.pcrs)}


def _details(document: _Document) -> dict[str, str]:
    chosen = {"public_key": document.public_key, "nonce": document.nonce}
    return {name: value.hex() for name, value in chosen.items() if value is not None}
