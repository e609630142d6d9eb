"""One door to every family of evidence."""

from __future__ import annotations

from hushwork.attested.evidence import dcap, nitro, snp
from hushwork.attested.evidence.bundle import Evidence
from hushwork.attested.evidence.claims import Claims
from hushwork.attested.evidence.roots import PRODUCTION, Roots
from hushwork.errors import MalformedBytes

_EXAMINERS = {
    "sgx": dcap.examine,
    "tdx": dcap.examine,
    "sev-snp": snp.examine,
    "nitro": nitro.examine,
}


def examine(evidence: Evidence, now: int, roots: Roots = PRODUCTION) -> Claims:
    """Check signatures, chains, validity and revocation, offline; no policy yet.

    now: Unix seconds, the caller's. Raises ForgedEvidence, UntrustedRoot, ExpiredEvidence,
    RevokedPlatform, MismatchedCollateral, OutdatedTcb, DebugEnabled or UnsafeAttributes (of Intel's
    platforms), MalformedBytes, TooLarge or UnsupportedVersion.
    """
    evidence.require_sizes()
    examiner = _EXAMINERS.get(evidence.platform)
    if examiner is None:
        raise MalformedBytes("platform", expected=", ".join(_EXAMINERS), got=evidence.platform)
    if evidence.event_log and evidence.platform != "tdx":
        raise MalformedBytes("event log", expected="of a TDX guest", got=evidence.platform)
    return examiner(evidence, now, roots)
