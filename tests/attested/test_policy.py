"""A relying party's policy: each rule by itself, and the file that it is read from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hushwork.attested.evidence import PRODUCTION, UNJUDGED, Claims, examine
from hushwork.attested.evidence.roots import ARK_GENOA, AWS_NITRO, INTEL
from hushwork.attested.policy import DAY, POLICY_LIMIT, Accepted, Policy
from hushwork.errors import (
    DebugEnabled,
    ExpiredEvidence,
    HushworkError,
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
from tests.attested import amd, aws, samples
from tests.attested.machines import NOW, machine

TDX = Claims(
    platform="tdx",
    measurements={"mr_td": "11" * 48, "rt_mr0": "22" * 48, "rt_mr3": "33" * 48},
    report_data=bytes(64),
    status="UpToDate",
    advisories=(),
    debug=False,
    identity="44" * 16,
    root=INTEL,
    collateral_issued=NOW - DAY,
    collateral_expires=NOW + DAY,
    events={"compose-hash": "55" * 32, "instance-id": "66"},
)
SNP = replace(
    TDX,
    platform="sev-snp",
    measurements={"measurement": "11" * 48, "policy": "00" * 8},
    status=UNJUDGED,
    root=ARK_GENOA,
    events={},
    tcb={"bootloader": 3, "tee": 1, "snp": 20, "microcode": 72},
    vmpl=0,
)
NITRO = replace(
    TDX,
    platform="nitro",
    measurements={"pcr0": "11" * 48, "pcr1": "22" * 48},
    status=UNJUDGED,
    root=AWS_NITRO,
    events={},
)
SEEN = {"tdx": TDX, "sev-snp": SNP, "nitro": NITRO}
INSECURE = "99" * 32


def but(policy: Policy, **fields: Any) -> Policy:
    return msgspec.structs.replace(policy, **fields)


def drafted(claims: Claims = TDX, **fields: Any) -> Policy:
    return but(Policy.draft(claims), **fields)


def accepting(**measurements: str) -> tuple[Accepted, ...]:
    return (Accepted("one", measurements),)


# What is claimed, what of it is otherwise, and what a policy drafted from it then says.
CLAIMED: dict[str, tuple[Claims, dict[str, Any], type[HushworkError]]] = {
    "platform": (TDX, {"platform": "sgx"}, RefusedPlatform),
    "root": (TDX, {"root": INSECURE}, UntrustedRoot),
    "debugging": (TDX, {"debug": True}, DebugEnabled),
    "status": (TDX, {"status": "OutOfDate"}, OutdatedTcb),
    "status of no judge": (TDX, {"status": UNJUDGED}, OutdatedTcb),
    "age": (TDX, {"collateral_issued": NOW - 31 * DAY}, StaleCollateral),
    "no age": (TDX, {"collateral_issued": None}, StaleCollateral),
    "expiry": (TDX, {"collateral_expires": NOW - 1}, ExpiredEvidence),
    "measurement": (
        TDX,
        {"measurements": TDX.measurements | {"mr_td": "00" * 48}},
        UnknownMeasurement,
    ),
    "register": (TDX, {"measurements": TDX.measurements | {"rt_mr0": "00"}}, UnknownMeasurement),
    "no measurement": (TDX, {"measurements": {}}, UnknownMeasurement),
    "event": (TDX, {"events": {"compose-hash": "00"}}, UnknownMeasurement),
    "no event": (TDX, {"events": {}}, UnknownMeasurement),
    "firmware": (SNP, {"tcb": dict(SNP.tcb) | {"snp": 19}}, OutdatedTcb),
    "no firmware": (SNP, {"tcb": {}}, OutdatedTcb),
    "privilege": (SNP, {"vmpl": 1}, UnsafeAttributes),
    "no list of AMD's": (SNP, {"collateral_issued": None}, StaleCollateral),
    "register of Nitro": (NITRO, {"measurements": {"pcr0": "00" * 48}}, UnknownMeasurement),
    "debugging of Nitro": (NITRO, {"debug": True}, DebugEnabled),
}
RULES: dict[str, tuple[Claims, dict[str, Any], type[HushworkError]]] = {
    "platforms": (TDX, {"platforms": ("sgx", "nitro")}, RefusedPlatform),
    "no platforms": (TDX, {"platforms": ()}, RefusedPlatform),
    "statuses": (TDX, {"tcb_statuses": ("OutOfDate",)}, OutdatedTcb),
    "no statuses": (TDX, {"tcb_statuses": ()}, OutdatedTcb),
    "age": (TDX, {"greatest_collateral_age_days": 0}, StaleCollateral),
    "identities": (TDX, {"platform_identities": ("00",)}, UnlistedIdentity),
    "no identities": (TDX, {"platform_identities": ()}, UnlistedIdentity),
    "firmware": (SNP, {"least_snp_tcb": {"microcode": 73}}, OutdatedTcb),
    "firmware of a name of nobody": (SNP, {"least_snp_tcb": {"mikrocode": 0}}, OutdatedTcb),
    "no firmware": (SNP, {"least_snp_tcb": None}, OutdatedTcb),
    "empty firmware": (SNP, {"least_snp_tcb": {}}, OutdatedTcb),
    "nothing accepted": (TDX, {"accepted": ()}, UnknownMeasurement),
    "code of another platform": (
        NITRO,
        {"accepted": accepting(mr_td="11" * 48)},
        UnknownMeasurement,
    ),
    "no code": (TDX, {"accepted": accepting(rt_mr0="22" * 48)}, UnknownMeasurement),
    "more than is measured": (
        TDX,
        {"accepted": accepting(mr_td="11" * 48, mr_seam="00")},
        UnknownMeasurement,
    ),
}


def refused(policy: Policy, claims: Claims) -> type[HushworkError]:
    with pytest.raises(HushworkError) as caught:
        policy.check(claims, NOW)
    return type(caught.value)


@pytest.mark.parametrize("platform", SEEN)
def test_a_draft_accepts_what_it_was_drafted_from(platform: str) -> None:
    drafted(SEEN[platform]).check(SEEN[platform], NOW)


@pytest.mark.parametrize("name", CLAIMED)
def test_each_claim_alone_is_refused_with_its_own_error(name: str) -> None:
    claims, otherwise, error = CLAIMED[name]
    assert refused(drafted(claims), replace(claims, **otherwise)) is error


@pytest.mark.parametrize("name", RULES)
def test_each_rule_alone_refuses_with_its_own_error(name: str) -> None:
    claims, otherwise, error = RULES[name]
    assert refused(drafted(claims, **otherwise), claims) is error


def test_an_advisory_is_refused_whatever_the_status() -> None:
    warned = replace(TDX, advisories=("INTEL-SA-00001", "INTEL-SA-00615"))
    drafted().check(warned, NOW)
    assert refused(drafted(refused_advisories=("INTEL-SA-00615",)), warned) is RefusedAdvisory


def test_one_of_several_entries_is_enough() -> None:
    entries = (*accepting(mr_td="00" * 48), *Policy.draft(TDX).accepted)
    drafted(accepted=entries).check(TDX, NOW)


def test_debugging_can_be_allowed_under_an_insecure_name() -> None:
    drafted(insecure_allow_debug=True).check(replace(TDX, debug=True), NOW)


def test_a_development_root_is_refused_unless_it_is_named() -> None:
    pretended = replace(TDX, root=INSECURE)
    assert refused(drafted(insecure_development_root="88" * 32), pretended) is UntrustedRoot
    drafted(insecure_development_root=INSECURE).check(pretended, NOW)
    assert Policy.draft(pretended).insecure_development_root == INSECURE
    assert Policy.draft(TDX).insecure_development_root is None


MACHINES = [lambda: machine("sgx"), lambda: machine("tdx"), amd.machine, aws.machine]


@pytest.mark.parametrize("make", MACHINES)
def test_evidence_is_verified_under_the_policys_root(make: Callable[[], Any]) -> None:
    made = make()
    policy = Policy.draft(made.examine(made.evidence()))
    assert policy.verify(made.evidence(), NOW).root == policy.insecure_development_root
    with pytest.raises(UntrustedRoot):
        but(policy, insecure_development_root=None).verify(made.evidence(), NOW)
    with pytest.raises(RefusedPlatform):
        but(policy, platforms=()).verify(made.evidence(), NOW)


def test_real_evidence_is_verified() -> None:
    now = samples.TDX_TIMES[0]
    claims = Policy.draft(examine(samples.tdx(), now)).verify(samples.tdx(), now)
    assert claims.root in PRODUCTION


@pytest.mark.parametrize("platform", SEEN)
def test_a_file_of_a_policy_reads_as_that_policy(platform: str) -> None:
    policy = drafted(SEEN[platform])
    assert Policy.from_toml(policy.to_toml()) == policy


def test_a_file_with_everything_in_it_reads_as_that_policy() -> None:
    policy = drafted(
        SNP,
        platforms=("sgx", "tdx", "sev-snp", "nitro"),
        tcb_statuses=("UpToDate", "SWHardeningNeeded"),
        refused_advisories=("INTEL-SA-00615",),
        platform_identities=("44" * 16,),
        insecure_development_root=INSECURE,
        insecure_allow_debug=True,
        accepted=(
            Accepted('a "quoted"\nname \x7f \\ é', {"mr_td": "11"}, {"a key": "00", "é": ""}),
            *accepting(pcr0="22", pcr1="33"),
        ),
    )
    assert Policy.from_toml(policy.to_toml()) == policy


def test_a_file_that_accepts_nothing_reads_as_that_policy() -> None:
    policy = Policy(platforms=(), accepted=())
    assert Policy.from_toml(policy.to_toml()) == policy


def test_every_key_of_a_file_is_explained() -> None:
    lines = drafted().to_toml().splitlines()
    for name in Policy.__struct_fields__:
        starts = (f"{name} =", f"# {name} =", f"[[{name}]]")
        index = next(i for i, line in enumerate(lines) if line.startswith(starts))
        assert lines[index - 1].startswith("# ")
    assert max(map(len, lines)) <= 140


@pytest.mark.parametrize(
    "line",
    [
        'platform = ["tdx"]',
        "insecure = true",
        "allow_debug = true",
        'platforms = ["arm"]',
        'tcb_statuses = ["Revoked"]',
        "greatest_collateral_age_days = -1",
        "greatest_collateral_age_days = 1.5",
        'insecure_development_root = "99"',
        "least_snp_tcb = { snp = 256 }",
        'insecure_allow_debug = "yes"',
        "platforms = 3",
        "what",
        "[[accepted]]\nname = 'x'",
        "[[accepted]]\nname = 'x'\nmeasurements = {}",
        "[[accepted]]\nname = 'x'\nmeasurements = { rt_mr0 = '00' }",
        "[[accepted]]\nname = 'x'\nmeasurements = { mr_td = 'AB' }",
        "[[accepted]]\nname = 'x'\nmeasurements = { mr_td = '' }",
        "[[accepted]]\nname = 'x'\nmeasurements = { mr_td = '00', mr_tdd = '00' }",
        "[[accepted]]\nname = 'x'\nmeasurement = { mr_td = '00' }",
        "[[accepted]]\nname = 'x'\nmeasurements = { mr_td = '00' }\nevents = { x = 'y' }",
    ],
)
def test_a_line_that_is_not_understood_is_refused(line: str) -> None:
    start = "" if line.startswith("platforms") else 'platforms = ["tdx"]\n'
    middle = "" if "[[accepted]]" in line else "accepted = []\n"
    with pytest.raises(InvalidPolicy):
        Policy.from_toml(start + middle + line)


@pytest.mark.parametrize("text", ["", 'platforms = ["tdx"]', "accepted = []", "[" * 100000])
def test_half_a_policy_is_refused(text: str) -> None:
    with pytest.raises(InvalidPolicy):
        Policy.from_toml(text)


def test_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    with pytest.raises(NotFound):
        Policy.read(path)
    path.write_text(drafted().to_toml())
    assert Policy.read(path) == drafted()
    path.write_bytes(b"\xff")
    with pytest.raises(InvalidPolicy):
        Policy.read(path)
    path.write_text("#" * (POLICY_LIMIT + 1))
    with pytest.raises(TooLarge):
        Policy.read(path)
