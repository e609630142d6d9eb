"""Why dcap-qvl refused a quote: it says so in words alone, which are matched to errors here.

What is not known is a forgery: the words decide what a refusal is called, never whether it is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcap_qvl import verify_with_root_ca

from hushwork.errors import (
    DebugEnabled,
    ExpiredEvidence,
    ForgedEvidence,
    HushworkError,
    MalformedBytes,
    MismatchedCollateral,
    OutdatedTcb,
    RevokedPlatform,
    UnsafeAttributes,
    UnsupportedVersion,
)

if TYPE_CHECKING:
    from dcap_qvl import QuoteCollateralV3

_FINAL = "ignature is invalid"
_REASONS: tuple[tuple[type[HushworkError], tuple[str, ...]], ...] = (
    (RevokedPlatform, ("CertRevoked", "TCB status is invalid: Revoked")),
    (
        ExpiredEvidence,
        ("CertExpired", "CertNotValidYet", "CrlExpired", "expired", "is in the future"),
    ),
    (DebugEnabled, ("Debug mode is enabled", "TD profiling is enabled")),
    (
        UnsafeAttributes,
        (
            "TD migration is enabled",
            "SERVTD_EXT is enabled",
            "SEPT_VE_DISABLE is not enabled",
            "Reserved bits in TD attributes",
            "Invalid MR service TD",
        ),
    ),
    (
        ForgedEvidence,
        (
            _FINAL,
            "QE report hash mismatch",
            "Invalid QE auth data length",
            "Failed to verify certificate chain",
            "must be issued directly",
            "InvalidCrlSignature",
            "InvalidSignature",
        ),
    ),
    (
        MismatchedCollateral,
        ("mismatch", "TCB info in the collateral", "Unsupported QE Identity", "tdxModule field"),
    ),
    (
        OutdatedTcb,
        ("No matching TCB level", "below minimum", "No TDX module identity", "No TCB levels"),
    ),
    (
        UnsupportedVersion,
        (
            "Unsupported",
            "Unknown QE vendor",
            "must have version",
            "Invalid TEE type",
            "Unrecognized TCB status",
        ),
    ),
    (
        MalformedBytes,
        ("Failed to", "too short", "Too many", "nvalid length", "key length", "not found", "parse"),
    ),
)


def refusal(
    error: ValueError, quote: bytes, collateral: QuoteCollateralV3, root: bytes, now: int
) -> HushworkError:
    """The error to raise."""
    text = str(error)
    if _FINAL not in text:
        text = _detailed(quote, collateral, root, now) or text
    for kind, words in _REASONS:
        if any(word in text for word in words):
            return kind("quote", got=_told(text))
    return ForgedEvidence("quote", got=_told(text))


def _detailed(quote: bytes, collateral: QuoteCollateralV3, root: bytes, now: int) -> str:
    """The first message may tell what was tried and not what was wrong: ask in another way."""
    try:
        verify_with_root_ca(quote, collateral, root, now)
    except ValueError as error:
        return str(error)
    return ""


def _told(text: str) -> str:
    return " ".join(text.removeprefix("Verification failed: ").split())[:200]
