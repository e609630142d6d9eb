"""Every error that a stranger's bytes, request or network can cause.

Each carries a stable ``code`` that travels on the wire, and says what was expected and what came.
A caller's own bug raises an ordinary Python exception instead.

    HushworkError
    ├── InvalidBytes            MalformedBytes  TooLarge  UnsupportedVersion
    ├── InvalidParameters       InsecureParameters  ParameterMismatch  MissingKey
    ├── InvalidNetwork          UnsupportedOperator  DoesNotFit
    ├── InvalidInput
    ├── RefusedManifest         InsecureGuarantee
    ├── Unauthorized            BadSignature  WrongReceiver  StaleRequest  ReplayedRequest
    │                           NotRegistered  UnderStaked
    ├── NotFound                UnknownSession  UnknownBlob  UnknownManifest
    ├── Unavailable             QuotaExceeded  Busy  Unreachable
    ├── RefusedExtrinsic        (the ledger's rules)
    ├── BadAnswer               TamperedAnswer  InvalidReceipt  WrongModel
    ├── InvalidProof
    ├── BudgetSpent
    ├── InvalidEvidence         ForgedEvidence  UntrustedRoot  ExpiredEvidence  RevokedPlatform
    │                           MismatchedCollateral  StaleCollateral  OutdatedTcb
    │                           RefusedAdvisory  DebugEnabled  UnsafeAttributes
    │                           UnknownMeasurement  RefusedPlatform  UnlistedIdentity
    │                           UnboundEvidence  WrongNonce  ReplayedEvidence  WrongKey
    │                           StaleEvidence
    ├── InvalidPolicy
    └── Interrupted
"""

from __future__ import annotations

from typing import ClassVar


class HushworkError(Exception):
    """Something from outside was not as it must be."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, expected: object = None, got: object = None) -> None:
        self.message = message
        self.expected = None if expected is None else str(expected)
        self.got = None if got is None else str(got)
        detail = ""
        if self.expected is not None or self.got is not None:
            detail = f" (expected {self.expected}, got {self.got})"
        super().__init__(message + detail)


class InvalidBytes(HushworkError):
    """Bytes that do not hold what they should."""

    code = "invalid_bytes"


class MalformedBytes(InvalidBytes):
    """Truncated, inconsistent or out of range."""

    code = "malformed_bytes"


class TooLarge(InvalidBytes):
    """Over a stated size limit."""

    code = "too_large"


class UnsupportedVersion(InvalidBytes):
    """A format version this release does not read."""

    code = "unsupported_version"


class InvalidParameters(HushworkError):
    """Parameters of a scheme that cannot be used."""

    code = "invalid_parameters"


class InsecureParameters(InvalidParameters):
    """Parameters below the 128-bit bound, or a test-only set outside tests."""

    code = "insecure_parameters"


class ParameterMismatch(InvalidParameters):
    """Made under other parameters than those in use."""

    code = "parameter_mismatch"


class MissingKey(InvalidParameters):
    """An evaluation key that a program needs is absent or not deep enough."""

    code = "missing_key"


class InvalidNetwork(HushworkError):
    """A network that cannot be read or run."""

    code = "invalid_network"


class UnsupportedOperator(InvalidNetwork):
    """An ONNX operator, or a use of one, outside the supported list."""

    code = "unsupported_operator"


class DoesNotFit(InvalidNetwork):
    """No secure parameters carry this network."""

    code = "does_not_fit"


class InvalidInput(HushworkError):
    """An input of the wrong shape, type or range."""

    code = "invalid_input"


class RefusedManifest(HushworkError):
    """The client does not accept what a manifest asks of it."""

    code = "refused_manifest"


class InsecureGuarantee(RefusedManifest):
    """A guarantee made for tests only."""

    code = "insecure_guarantee"


class Unauthorized(HushworkError):
    """A request whose sender may not make it."""

    code = "unauthorized"


class BadSignature(Unauthorized):
    """Headers missing or ill-formed, or a signature that does not verify."""

    code = "bad_signature"


class WrongReceiver(Unauthorized):
    """Addressed to somebody else."""

    code = "wrong_receiver"


class StaleRequest(Unauthorized):
    """Signed too long ago, or in the future."""

    code = "stale_request"


class ReplayedRequest(Unauthorized):
    """Seen before."""

    code = "replayed_request"


class NotRegistered(Unauthorized):
    """The sender is not registered on the ledger."""

    code = "not_registered"


class UnderStaked(Unauthorized):
    """The sender has less stake than this receiver asks for."""

    code = "under_staked"


class NotFound(HushworkError):
    """Something named in a request does not exist here."""

    code = "not_found"


class UnknownSession(NotFound):
    """No such session, or it has ended, or it is another caller's."""

    code = "unknown_session"


class UnknownBlob(NotFound):
    """No such blob, or it is not complete."""

    code = "unknown_blob"


class UnknownManifest(NotFound):
    """Nobody here offers this manifest."""

    code = "unknown_manifest"


class Unavailable(HushworkError):
    """Right request, wrong moment."""

    code = "unavailable"


class QuotaExceeded(Unavailable):
    """The caller has used up what this server gives it."""

    code = "quota_exceeded"


class Busy(Unavailable):
    """All places are taken; try again later."""

    code = "busy"


class Unreachable(Unavailable):
    """The peer did not answer, or went away in the middle."""

    code = "unreachable"


class RefusedExtrinsic(HushworkError):
    """The ledger's rules forbid this change."""

    code = "refused_extrinsic"


class BadAnswer(HushworkError):
    """An answer that does not open."""

    code = "bad_answer"


class TamperedAnswer(BadAnswer):
    """Not as the enclave sealed it, cut short, or out of order."""

    code = "tampered_answer"


class InvalidReceipt(BadAnswer):
    """A receipt that is not signed by the attested key, or is of something else."""

    code = "invalid_receipt"


class WrongModel(BadAnswer):
    """A receipt of another model."""

    code = "wrong_model"


class InvalidProof(HushworkError):
    """Well-formed, and proves nothing."""

    code = "invalid_proof"


class BudgetSpent(HushworkError):
    """A commitment that has been opened as often as it stays hidden."""

    code = "budget_spent"


class InvalidEvidence(HushworkError):
    """Attestation evidence that does not convince."""

    code = "invalid_evidence"


class UnboundEvidence(InvalidEvidence):
    """Evidence that is not for the statement that came with it."""

    code = "unbound_evidence"


class WrongNonce(InvalidEvidence):
    """Evidence for somebody else's nonce."""

    code = "wrong_nonce"


class ReplayedEvidence(WrongNonce):
    """Evidence for a nonce of one's own that is no longer the present one."""

    code = "replayed_evidence"


class WrongKey(InvalidEvidence):
    """Keys other than those that the evidence is for."""

    code = "wrong_key"


class StaleEvidence(InvalidEvidence):
    """Evidence whose nonce is too old, or keys that have expired."""

    code = "stale_evidence"


class ForgedEvidence(InvalidEvidence):
    """A signature, a chain of certificates or a digest in it does not hold."""

    code = "forged_evidence"


class UntrustedRoot(InvalidEvidence):
    """It hangs together, under a root that nobody here trusts."""

    code = "untrusted_root"


class ExpiredEvidence(InvalidEvidence):
    """A certificate, a revocation list or collateral outside of its validity period."""

    code = "expired_evidence"


class RevokedPlatform(InvalidEvidence):
    """The vendor has revoked a certificate of it, or the platform's TCB level."""

    code = "revoked_platform"


class MismatchedCollateral(InvalidEvidence):
    """Well-signed collateral that is about another platform or another kind of enclave."""

    code = "mismatched_collateral"


class StaleCollateral(InvalidEvidence):
    """Collateral that is valid, and older than the policy allows."""

    code = "stale_collateral"


class OutdatedTcb(InvalidEvidence):
    """Firmware or microcode older than any that is known, or than the policy allows."""

    code = "outdated_tcb"


class RefusedAdvisory(InvalidEvidence):
    """A security advisory applies that the policy does not put up with."""

    code = "refused_advisory"


class DebugEnabled(InvalidEvidence):
    """The operator can look inside: debugging or profiling is on."""

    code = "debug_enabled"


class UnsafeAttributes(InvalidEvidence):
    """Attributes or a privilege level under which its report does not protect the guest."""

    code = "unsafe_attributes"


class UnknownMeasurement(InvalidEvidence):
    """It runs something that the policy does not list."""

    code = "unknown_measurement"


class RefusedPlatform(InvalidEvidence):
    """A kind of platform that the policy does not accept."""

    code = "refused_platform"


class UnlistedIdentity(InvalidEvidence):
    """A genuine machine, and not one of those that the policy names."""

    code = "unlisted_identity"


class InvalidPolicy(HushworkError):
    """A policy file that cannot be read as one."""

    code = "invalid_policy"


class Interrupted(HushworkError):
    """Stopped on request before it ended."""

    code = "interrupted"
