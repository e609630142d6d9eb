"""What evidence says once its signatures hold; whether that suffices is the policy's matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hushwork.attested.evidence.bundle import PlatformName

UNJUDGED = "Unjudged"
"""Status where the vendor publishes no verdict on firmware: AMD's and AWS's."""

_SGX = "mr_enclave mr_signer isv_prod_id isv_svn attributes misc_select cpu_svn"
_TDX = """
    mr_td rt_mr0 rt_mr1 rt_mr2 rt_mr3 mr_config_id mr_owner mr_owner_config mr_seam mr_signer_seam
    seam_attributes td_attributes xfam tee_tcb_svn tee_tcb_svn2 mr_service_td
    vmid td_id dev_info init_service_td_hash init_service_td_attributes init_cpu_svn
    init_tee_tcb_svn init_tee_fmspc cur_service_td_hash cur_service_td_attributes
"""
_SNP = "measurement host_data policy family_id image_id id_key_digest author_key_digest"
_NITRO = " ".join(f"pcr{index}" for index in range(32))
MEASUREMENTS = frozenset(f"{_SGX} {_TDX} {_SNP} {_NITRO}".split())
"""Every name that a measurement may have, as its vendor calls it."""


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
