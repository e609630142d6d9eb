"""What a relying party accepts: a TOML file that a person can read and edit.

    policy = Policy.read(path)
    claims = policy.verify(evidence, now)

Nothing is accepted by default: a policy without measurements refuses everything.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from hushwork.attested.evidence import PRODUCTION, UNJUDGED, Claims, Evidence, Roots, examine
from hushwork.attested.evidence.bundle import PlatformName
from hushwork.attested.evidence.claims import MEASUREMENTS
from hushwork.attested.policy_text import policy_text
from hushwork.errors import (
    DebugEnabled,
    ExpiredEvidence,
    InvalidPolicy,
    NotFound,
    OutdatedTcb,
    RefusedAdvisory,
    RefusedPlatform,
    StaleCollateral,
    TooLarge,
    UnknownMeasurement,
    UnlistedIdentity,
    UnsafeAttributes,
    UntrustedRoot,
)

POLICY_LIMIT = 1 << 20
"""Bytes of a file."""
DAY = 86400

Status = Literal[
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "TDRelaunchAdvised",
    "TDRelaunchAdvisedConfigurationNeeded",
]
Hex = Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})+\Z", max_length=256)]
Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Version = Annotated[int, Meta(ge=0, lt=256)]

CODE = {
    "sgx": ("mr_enclave", "mr_signer"),
    "tdx": ("mr_td",),
    "sev-snp": ("measurement",),
    "nitro": ("pcr0",),
}
"""Measurements without which an entry says nothing of what runs."""
_DRAFTED = {
    "sgx": ("mr_enclave", "mr_signer", "isv_prod_id", "isv_svn"),
    "tdx": ("mr_td", "rt_mr0", "rt_mr1", "rt_mr2", "rt_mr3", "mr_config_id"),
    "sev-snp": ("measurement", "host_data", "policy"),
    "nitro": ("pcr0", "pcr1", "pcr2"),
}
_DRAFTED_EVENTS = ("compose-hash", "app-id", "os-image-hash")
_DRAFTED_AGES = {"sev-snp": 400}
_AGE = 30


class Accepted(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Software that may run: every measurement and every event given must be as it says."""

    name: Name
    measurements: dict[Name, Hex]
    events: dict[Name, Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})*\Z")]] = {}

    def matches(self, claims: Claims) -> bool:
        """Whether this is what runs."""
        return all(
            claims.measurements.get(name) == value for name, value in self.measurements.items()
        ) and all(claims.events.get(name) == value for name, value in self.events.items())


class Policy(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is accepted, and the checks of it."""

    platforms: tuple[PlatformName, ...]
    accepted: tuple[Accepted, ...]
    tcb_statuses: tuple[Status, ...] = ("UpToDate",)
    """Of Intel's platforms."""
    refused_advisories: tuple[Name, ...] = ()
    greatest_collateral_age_days: Annotated[int, Meta(ge=0, le=3650)] = _AGE
    platform_identities: tuple[Name, ...] | None = None
    """None: any machine that the vendor vouches for."""
    least_snp_tcb: dict[Name, Version] | None = None
    """None refuses every sev-snp platform."""
    greatest_snp_vmpl: Annotated[int, Meta(ge=0, le=3)] = 0
    insecure_development_root: Digest | None = None
    insecure_allow_debug: bool = False

    @classmethod
    def from_toml(cls, text: str) -> Policy:
        """Read. Raises InvalidPolicy, also at a key that is not known, or TooLarge."""
        if len(text) > POLICY_LIMIT:
            raise TooLarge("policy", expected=f"at most {POLICY_LIMIT}", got=len(text))
        try:
            policy = msgspec.convert(tomllib.loads(text), cls)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
            raise InvalidPolicy("policy", got=str(error)[:200]) from None
        for entry in policy.accepted:
            _require_names(entry)
        return policy

    @classmethod
    def read(cls, path: Path) -> Policy:
        """Read a file. Raises NotFound, InvalidPolicy or TooLarge."""
        try:
            data = path.read_bytes()[: POLICY_LIMIT + 1]
            return cls.from_toml(data.decode())
        except OSError as error:
            raise NotFound("policy", expected="a file", got=error.strerror or path) from None
        except UnicodeDecodeError:
            raise InvalidPolicy("policy", expected="UTF-8", got="other bytes") from None

    @classmethod
    def draft(cls, claims: Claims, name: str = "seen") -> Policy:
        """What accepts these claims, for a person to judge and edit: it proves nothing itself."""
        production = claims.root in PRODUCTION
        return cls(
            platforms=(claims.platform,),
            accepted=(_accepting(claims, name),),
            tcb_statuses=("UpToDate",) if claims.status == UNJUDGED else (_status(claims.status),),
            greatest_collateral_age_days=_DRAFTED_AGES.get(claims.platform, _AGE),
            least_snp_tcb=dict(claims.tcb) or None,
            greatest_snp_vmpl=claims.vmpl or 0,
            insecure_development_root=None if production else claims.root,
        )

    def to_toml(self) -> str:
        """A file of it with every key explained."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return policy_text(msgspec.to_builtins(fields))

    @property
    def roots(self) -> Roots:
        """Whom it trusts."""
        if self.insecure_development_root is None:
            return PRODUCTION
        return PRODUCTION.with_insecure(self.insecure_development_root)

    def verify(self, evidence: Evidence, now: int) -> Claims:
        """Examine and check. now: Unix seconds. Raises InvalidEvidence or InvalidBytes."""
        self._check_platform(evidence.platform)
        claims = examine(evidence, now, self.roots)
        self.check(claims, now)
        return claims

    def check(self, claims: Claims, now: int) -> None:
        """Raises the error of the first rule that fails, each its own: RefusedPlatform,
        UntrustedRoot, DebugEnabled, OutdatedTcb, RefusedAdvisory, ExpiredEvidence, StaleCollateral,
        UnlistedIdentity, UnsafeAttributes or UnknownMeasurement."""
        self._check_platform(claims.platform)
        self._check_root(claims.root)
        if claims.debug and not self.insecure_allow_debug:
            raise DebugEnabled("platform", expected="no debugging", got="debugging")
        self._check_tcb(claims)
        self._check_advisories(claims.advisories)
        self._check_age(claims, now)
        self._check_identity(claims.identity)
        if claims.vmpl is not None and claims.vmpl > self.greatest_snp_vmpl:
            expected = f"at most {self.greatest_snp_vmpl}"
            raise UnsafeAttributes("VMPL of the report", expected=expected, got=claims.vmpl)
        self._check_measurements(claims)

    def _check_platform(self, platform: str) -> None:
        if platform not in self.platforms:
            expected = " or ".join(self.platforms) or "none"
            raise RefusedPlatform("platform", expected=expected, got=platform)

    def _check_root(self, root: str) -> None:
        if root not in self.roots:
            raise UntrustedRoot("root certificate", expected="a vendor's", got=root)

    def _check_tcb(self, claims: Claims) -> None:
        if claims.platform == "sev-snp":
            self._check_snp_tcb(claims)
        elif claims.platform != "nitro" and claims.status not in self.tcb_statuses:
            expected = " or ".join(self.tcb_statuses)
            raise OutdatedTcb("TCB status", expected=expected, got=claims.status)

    def _check_snp_tcb(self, claims: Claims) -> None:
        least = self.least_snp_tcb
        if not least:
            raise OutdatedTcb("TCB", expected="a least_snp_tcb in the policy", got="none")
        if any(claims.tcb.get(part, -1) < version for part, version in least.items()):
            raise OutdatedTcb("TCB", expected=f"at least {least}", got=dict(claims.tcb))

    def _check_advisories(self, advisories: tuple[str, ...]) -> None:
        refused = sorted(set(advisories) & set(self.refused_advisories))
        if refused:
            raise RefusedAdvisory("advisory", expected="none of those refused", got=refused[0])

    def _check_age(self, claims: Claims, now: int) -> None:
        if claims.collateral_expires is not None and now > claims.collateral_expires:
            raise ExpiredEvidence("collateral", expected=claims.collateral_expires, got=now)
        greatest = self.greatest_collateral_age_days
        if claims.collateral_issued is None:
            raise StaleCollateral("collateral", expected="a dated revocation list", got="none")
        if now - claims.collateral_issued > greatest * DAY:
            age = (now - claims.collateral_issued) // DAY
            raise StaleCollateral("collateral", expected=f"at most {greatest} days", got=age)

    def _check_identity(self, identity: str) -> None:
        if self.platform_identities is not None and identity not in self.platform_identities:
            raise UnlistedIdentity("machine", expected="one that is listed", got=identity)

    def _check_measurements(self, claims: Claims) -> None:
        if not any(self._is_of(entry, claims) for entry in self.accepted):
            got = {name: claims.measurements.get(name) for name in CODE[claims.platform]}
            names = ", ".join(entry.name for entry in self.accepted) or "none"
            raise UnknownMeasurement("software", expected=names[:200], got=got)

    def _is_of(self, entry: Accepted, claims: Claims) -> bool:
        names_code = any(name in entry.measurements for name in CODE[claims.platform])
        return names_code and entry.matches(claims)


def _require_names(entry: Accepted) -> None:
    """Raises InvalidPolicy where an entry says nothing of the code, or what nobody measures."""
    code = {name for names in CODE.values() for name in names}
    if not code & entry.measurements.keys():
        got = sorted(entry.measurements)
        raise InvalidPolicy(entry.name, expected=" or ".join(sorted(code)), got=got)
    unknown = entry.measurements.keys() - MEASUREMENTS
    if unknown:
        raise InvalidPolicy(entry.name, expected="names of measurements", got=sorted(unknown))


def _status(status: str) -> Any:
    if status not in get_args(Status):
        raise InvalidPolicy("TCB status", expected=" or ".join(get_args(Status)), got=status)
    return status


def _accepting(claims: Claims, name: str) -> Accepted:
    seen = claims.measurements
    names = [given for given in _DRAFTED[claims.platform] if given in seen]
    events = {event: claims.events[event] for event in _DRAFTED_EVENTS if event in claims.events}
    if events:
        # Of a boot, as other events are, and so of no other one.
        names.remove("rt_mr3")
    return Accepted(name, {given: seen[given] for given in names}, events)
