"""What evidence says once its signatures hold; whether that suffices is the policy's matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hushwork.attested.evidence.bundle import PlatformName

UNJUDGED = "Unjudged"
"""Status where the vendor publishes no verdict on firmware: AMD's and AWS's."""


@dataclass(frozen=True)
class Claims:
    """Verified statements about a machine. Bytes are lower-case hex, times Unix seconds."""

    platform: PlatformName
    measurements: Mapping[str, str]
    """By the vendor's names: mr_enclave, mr_td, rt_mr0, measurement, pcr0 and so on."""
    report_data: bytes
    """64 bytes that the guest chose; of Nitro its user_data, which may be shorter."""
    status: str
    """Of the TCB, as Intel judges it; UNJUDGED elsewhere."""
    advisories: tuple[str, ...]
    """Intel's, that apply to this TCB level."""
    debug: bool
    """Whether the operator can look inside."""
    identity: str
    """Which machine: PPID, CHIP_ID, or Nitro's module id as it is."""
    root: str
    """Digest of the root, as in Roots."""
    collateral_issued: int | None
    """When the oldest part of the collateral that changes was issued; None if nothing is dated."""
    collateral_expires: int | None
    """When the first part of it, or a certificate, expires."""
    events: Mapping[str, str] = field(default_factory=dict)
    """dstack's boot events by name, where the event log reproduces RTMR3."""
    tcb: Mapping[str, int] = field(default_factory=dict)
    """sev-snp: reported security version of bootloader, tee, snp, microcode, and fmc on Turin."""
    vmpl: int | None = None
    """sev-snp: privilege level that asked for the report; 0 is the highest."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What else a person may want to know, such as the FMSPC."""
