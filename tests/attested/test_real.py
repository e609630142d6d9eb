"""Evidence of real machines, and what has to become of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_certificates

from hushwork.attested.evidence import UNJUDGED, Evidence, examine
from hushwork.attested.evidence.chains import key_digest
from hushwork.attested.evidence.roots import ARK_MILAN, AWS_NITRO, INTEL
from hushwork.errors import ExpiredEvidence, HushworkError, MalformedBytes, OutdatedTcb
from tests.attested import samples

DAY = 86400


def outdated() -> Evidence:
    return samples.intel("tdx", "tdx_quote_outdated")


@pytest.mark.parametrize("now", samples.SGX_TIMES)
def test_an_sgx_quote_holds(now: int) -> None:
    claims = examine(samples.sgx(), now)
    assert claims.status == "ConfigurationAndSWHardeningNeeded"
    assert claims.advisories == ("INTEL-SA-00289", "INTEL-SA-00615")
    assert claims.report_data == b"Hello, world!".ljust(64, b"\0")
    assert claims.measurements["mr_enclave"].startswith("33d8736db756ed49")
    assert claims.measurements["mr_signer"].startswith("815f42f11cf64430")
    assert claims.root == INTEL
    assert not claims.debug


@pytest.mark.parametrize("now", samples.TDX_TIMES)
def test_a_tdx_quote_holds(now: int) -> None:
    claims = examine(samples.tdx(), now)
    assert (claims.status, claims.advisories) == ("UpToDate", ())
    assert claims.measurements["mr_td"].startswith("91eb2b44d141d4ec")
    assert claims.measurements["rt_mr3"] == "00" * 48
    assert claims.identity == "811dca2a26b952e85bb6448b097ba4fd"
    assert claims.collateral_expires == samples.TDX_TIMES[1] + 1
    assert claims.collateral_issued is not None
    assert 0 < samples.TDX_TIMES[0] - claims.collateral_issued < DAY


def test_a_version_5_quote_of_an_extended_guest_holds() -> None:
    evidence = samples.intel("tdx", "tdx_quote_td15ex")
    claims = examine(evidence, _a_time_of(evidence))
    assert "mr_service_td" in claims.measurements
    assert "td_id" in claims.measurements
    assert len(claims.report_data) == 64


def _a_time_of(evidence: Evidence) -> int:
    """Some time at which its collateral is valid."""
    text = evidence.collateral.decode()
    start = text.index("issueDate") + len('issueDate\\":\\"')
    return int(datetime.fromisoformat(text[start : start + 20]).timestamp()) + DAY


def test_an_outdated_platform_is_refused() -> None:
    with pytest.raises(OutdatedTcb):
        examine(outdated(), samples.OUTDATED_TIME)


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(
    ("sample", "times"), [(samples.sgx, samples.SGX_TIMES), (samples.tdx, samples.TDX_TIMES)]
)
def test_a_second_too_early_or_too_late_is_refused(
    sample: Callable[[], Evidence], times: tuple[int, int], early: bool
) -> None:
    with pytest.raises(ExpiredEvidence):
        examine(sample(), times[0] - 1 if early else times[1] + 1)


@pytest.mark.parametrize("sample", [samples.sgx, samples.tdx, outdated])
def test_a_year_later_it_is_refused(sample: Callable[[], Evidence]) -> None:
    with pytest.raises(ExpiredEvidence):
        examine(sample(), samples.TDX_TIMES[0] + 400 * DAY)


@pytest.mark.parametrize("now", [-1, 0, 1 << 40, 1 << 70])
@pytest.mark.parametrize("sample", [samples.tdx, samples.snp, samples.nitro])
def test_no_time_is_too_strange_to_be_refused(sample: Callable[[], Evidence], now: int) -> None:
    with pytest.raises(ExpiredEvidence):
        examine(sample(), now)


def test_a_quote_passes_for_no_other_platform() -> None:
    tdx = samples.tdx()
    for platform in ("sgx", "sev-snp", "nitro"):
        with pytest.raises(HushworkError):
            examine(Evidence(platform, tdx.document, tdx.collateral), samples.TDX_TIMES[0])  # type: ignore[arg-type]


def test_collateral_of_another_platform_is_refused() -> None:
    mixed = Evidence("tdx", samples.tdx().document, samples.sgx().collateral)
    with pytest.raises(HushworkError):
        examine(mixed, samples.SGX_TIMES[0])


def test_an_snp_report_holds() -> None:
    claims = examine(samples.snp(), samples.SNP_TIME)
    assert claims.measurements["measurement"].startswith("b07af9620f3b839b")
    assert claims.report_data == bytes([1, 2, 3, 4, 5]).ljust(64, b"\0")
    assert claims.tcb == {"bootloader": 2, "tee": 0, "snp": 5, "microcode": 68}
    assert (claims.vmpl, claims.debug, claims.status) == (0, True, UNJUDGED)
    assert claims.root == ARK_MILAN
    assert claims.collateral_issued is None


def test_a_nitro_document_holds_for_three_hours() -> None:
    for now in samples.NITRO_TIMES:
        claims = examine(samples.nitro(), now)
        assert claims.measurements["pcr0"].startswith("5cb702954321826d")
        assert claims.identity == "i-0827e799ec9232d44-enc019b55a68bd2ed4b"
        assert (claims.report_data, claims.debug) == (bytes(64), False)
        assert claims.root == AWS_NITRO
    with pytest.raises(ExpiredEvidence):
        examine(samples.nitro(), samples.NITRO_TIMES[1] + 1)
    with pytest.raises(ExpiredEvidence):
        examine(samples.nitro(), 1795000000)


def test_the_pinned_roots_are_those_of_the_vectors() -> None:
    aws = load_pem_x509_certificate(samples.vector("AWS_NitroEnclaves_Root-G1.pem"))
    assert hashlib.sha256(aws.public_bytes(Encoding.DER)).hexdigest() == AWS_NITRO
    amd = load_pem_x509_certificates(samples.vector("milan.testcer"))[-1]
    assert key_digest(amd) == ARK_MILAN


def test_nothing_may_follow_a_nitro_document_or_a_report() -> None:
    for sample, now in ((samples.nitro, samples.NITRO_TIMES[0]), (samples.snp, samples.SNP_TIME)):
        evidence = sample()
        longer = Evidence(evidence.platform, evidence.document + b"\0", evidence.collateral)
        with pytest.raises(MalformedBytes):
            examine(longer, now)
