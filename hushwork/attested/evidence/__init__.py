"""Attestation evidence and what it says: Intel SGX and TDX, AMD SEV-SNP, AWS Nitro."""

from __future__ import annotations

from hushwork.attested.evidence.bundle import EVIDENCE_LIMIT, Evidence, PlatformName
from hushwork.attested.evidence.claims import UNJUDGED, Claims
from hushwork.attested.evidence.examination import examine
from hushwork.attested.evidence.roots import PRODUCTION, Roots

__all__ = [
    "EVIDENCE_LIMIT",
    "PRODUCTION",
    "UNJUDGED",
    "Claims",
    "Evidence",
    "PlatformName",
    "Roots",
    "examine",
]
