"""The development platform: real evidence, of nothing."""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from hushwork.attested.evidence import PRODUCTION, examine
from hushwork.attested.evidence.roots import INTEL
from hushwork.attested.platforms import NO_PROTECTION, DevelopmentPlatform, Platform, find_platform
from hushwork.attested.platforms.development import FILE, code_measurement, measurement
from hushwork.attested.policy import Policy
from hushwork.errors import (
    ExpiredEvidence,
    MalformedBytes,
    NotFound,
    UnknownMeasurement,
    UntrustedRoot,
)

DATA = bytes(range(64))
START = 1760000000
DAY = 86400


class Clock:
    def __init__(self) -> None:
        self.now = float(START)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform(clock: Clock) -> DevelopmentPlatform:
    return DevelopmentPlatform.new(clock)


def test_it_gives_evidence_that_the_same_verifier_believes(platform: DevelopmentPlatform) -> None:
    claims = platform.policy().verify(platform.evidence(DATA), START)
    assert (claims.platform, claims.report_data, claims.root) == ("tdx", DATA, platform.root)
    assert claims.measurements["mr_td"] == code_measurement().hex()


def test_its_policy_is_a_file_that_says_what_it_is(platform: DevelopmentPlatform) -> None:
    text = platform.policy().to_toml()
    assert f'insecure_development_root = "{platform.root}"' in text
    Policy.from_toml(text).verify(platform.evidence(DATA), START)


def test_a_policy_for_production_refuses_it(platform: DevelopmentPlatform) -> None:
    evidence = platform.evidence(DATA)
    with pytest.raises(UntrustedRoot):
        examine(evidence, START)
    text = platform.policy().to_toml().replace("\ninsecure_development_root", "\n#")
    with pytest.raises(UntrustedRoot):
        Policy.from_toml(text).verify(evidence, START)
    assert platform.root not in PRODUCTION
    assert INTEL in PRODUCTION


def test_a_policy_for_one_refuses_another(platform: DevelopmentPlatform, clock: Clock) -> None:
    with pytest.raises(UntrustedRoot):
        platform.policy().verify(DevelopmentPlatform.new(clock).evidence(DATA), START)


def test_it_says_that_it_protects_nothing(platform: DevelopmentPlatform) -> None:
    asked: Platform = platform
    assert asked.insecure
    assert "sees everything" in NO_PROTECTION


def test_its_measurement_is_of_the_code(
    platform: DevelopmentPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(code_measurement()) == hashlib.sha384().digest_size
    policy = platform.policy()
    changed = "hushwork.attested.platforms.development.code_measurement"
    monkeypatch.setattr(changed, lambda: bytes(48))
    with pytest.raises(UnknownMeasurement):
        policy.verify(platform.evidence(DATA), START)


def test_changed_code_has_another_measurement(tmp_path: Path) -> None:
    measured = []
    for content in (b"a = 1\n", b"a = 2\n", b"a = 1\n"):
        module = tmp_path / "hushwork" / "module.py"
        module.parent.mkdir(exist_ok=True)
        module.write_bytes(content)
        (module.parent / "module.pyc").write_bytes(os.urandom(4))
        measured.append(measurement(module.parent))
    assert measured[0] == measured[2] != measured[1]


def test_its_collateral_is_renewed_every_day(platform: DevelopmentPlatform, clock: Clock) -> None:
    first = platform.collateral
    clock.now += DAY - 1
    assert platform.collateral == first
    clock.now += 2
    assert platform.collateral != first
    policy = platform.policy()
    clock.now += 400 * DAY
    policy.verify(platform.evidence(DATA), int(clock.now))


def test_old_evidence_expires(platform: DevelopmentPlatform) -> None:
    policy, evidence = platform.policy(), platform.evidence(DATA)
    policy.verify(evidence, START + 29 * DAY)
    with pytest.raises(ExpiredEvidence):
        policy.verify(evidence, START + 31 * DAY)


def test_it_is_kept_in_a_folder_and_nobody_else_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    made = DevelopmentPlatform.open(folder)
    assert [path.name for path in folder.iterdir()] == [FILE]
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert (
        DevelopmentPlatform.load(folder).root == made.root == DevelopmentPlatform.open(folder).root
    )


def test_a_platform_that_was_kept_is_the_same_machine(tmp_path: Path, clock: Clock) -> None:
    policy = DevelopmentPlatform.open(tmp_path, clock).policy()
    claims = policy.verify(DevelopmentPlatform.load(tmp_path, clock).evidence(DATA), START)
    again = policy.verify(DevelopmentPlatform.open(tmp_path, clock).evidence(DATA), START)
    assert claims.identity == again.identity


def root_of(folder: str) -> str:
    return DevelopmentPlatform.open(Path(folder)).root


def test_threads_and_processes_share_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        roots = set(pool.map(root_of, [str(tmp_path / "threads")] * 16))
    assert len(roots) == 1
    with get_context("spawn").Pool(2) as processes:
        roots = set(processes.map(root_of, [str(tmp_path / "processes")] * 4))
    assert len(roots) == 1
    assert [path.name for path in (tmp_path / "processes").iterdir()] == [FILE]


@pytest.mark.parametrize("data", [b"", b"x", b"\x95\x01" + b"\x92\xc4\0\xc4\0" * 4])
def test_a_file_of_something_else_is_malformed(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(MalformedBytes):
        DevelopmentPlatform.open(tmp_path)


def test_no_folder_no_platform(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        DevelopmentPlatform.load(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotFound):
        DevelopmentPlatform.open(tmp_path / "file" / "folder")


def test_it_is_found_in_the_folder_that_is_named(tmp_path: Path) -> None:
    made = DevelopmentPlatform.open(tmp_path)
    found = find_platform(tmp_path)
    assert isinstance(found, DevelopmentPlatform)
    assert found.root == made.root


@pytest.mark.parametrize("is_named", [True, False])
def test_it_is_never_made_unasked(tmp_path: Path, is_named: bool) -> None:
    with pytest.raises(NotFound, match="protects nothing"):
        find_platform(tmp_path if is_named else None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_report_data_has_its_size(platform: DevelopmentPlatform, size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes"):
        platform.evidence(bytes(size))
