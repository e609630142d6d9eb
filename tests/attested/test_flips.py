"""One flipped bit in every byte of real evidence: refused, or of no consequence and listed here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import msgspec
import pytest

from hushwork.attested.evidence import Evidence, examine
from hushwork.errors import HushworkError
from tests.attested import samples

Spans = dict[str, set[int]]
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


def nothing(_: bytes) -> Spans:
    """Every byte counts."""
    return {}


def line_breaks(text: bytes, start: int = 0, mark: bytes = b"\n") -> set[int]:
    """Of PEM, whose readers pass over them; also where one more base64 sign is passed over."""
    return {
        start + m.start() + i for m in re.finditer(re.escape(mark), text) for i in range(len(mark))
    }


def of_a_quote(quote: bytes) -> Spans:
    """A quote is signed up to its signatures, which are signed in turn; not how long they are."""
    chain = quote.index(b"-----BEGIN")
    certificates = list(_PEM.finditer(quote))
    end = certificates[-1].end()
    version = quote[0]
    signatures = 48 + (584 if version == 4 else 384)
    spans = {
        "the root in the chain: it is pinned": set(range(certificates[2].start(), end)),
        "line breaks of PEM": line_breaks(quote[chain:end], chain),
        "behind the quote, and behind its chain": set(range(end, len(quote))),
    }
    if version == 4:
        outer = signatures + 4 + 128
        spans["size of the signatures, while it suffices"] = set(range(signatures, signatures + 4))
        spans["size of the chain, while it suffices"] = set(range(chain - 4, chain))
        spans["type and size of what holds the QE's report"] = set(range(outer, outer + 6))
    return spans


def of_pem(text: bytes) -> Spans:
    return {"line breaks of PEM": line_breaks(text)}


def of_collateral(text: bytes) -> Spans:
    """Signed, but for copies of certificates that are pinned or come again elsewhere."""
    fields = json.loads(text)

    def value(name: str) -> tuple[int, bytes]:
        encoded = json.dumps(fields[name])[1:-1].encode()
        return text.index(encoded, text.index(f'"{name}"'.encode())), encoded

    unused, chain = value("pck_crl_issuer_chain")
    spans = {
        "issuers of the list, which come with the quote": set(range(unused, unused + len(chain)))
    }
    for name in ("tcb_info_issuer_chain", "qe_identity_issuer_chain"):
        start, chain = value(name)
        breaks = line_breaks(chain, start, b"\\n")
        spans[f"line breaks of {name}"] = breaks
    start, chain = value("qe_identity_issuer_chain")
    second = chain.index(b"-----BEGIN", 1)
    spans["the root of the QE's identity: it is pinned"] = set(
        range(start + second, start + len(chain))
    )
    return spans


CASES = {
    "sgx quote": (samples.sgx, samples.SGX_TIMES[0], "document", of_a_quote),
    "tdx quote": (samples.tdx, samples.TDX_TIMES[0], "document", of_a_quote),
    "sgx collateral": (samples.sgx, samples.SGX_TIMES[0], "collateral", of_collateral),
    "tdx collateral": (samples.tdx, samples.TDX_TIMES[0], "collateral", of_collateral),
    "snp report": (samples.snp, samples.SNP_TIME, "document", nothing),
    "snp collateral": (samples.snp, samples.SNP_TIME, "collateral", of_pem),
    "nitro document": (samples.nitro, samples.NITRO_TIMES[0], "document", nothing),
}


def flipped(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every byte in turn with another bit of it flipped."""
    for index, byte in enumerate(data):
        yield index, data[:index] + bytes([byte ^ 1 << index % 8]) + data[index + 1 :]


@pytest.mark.parametrize("name", CASES)
def test_every_byte_counts_or_is_listed(name: str) -> None:
    make, now, field, listed = CASES[name]
    evidence = make()
    right = examine(evidence, now)
    spans = listed(getattr(evidence, field))
    unlisted = set(range(len(getattr(evidence, field)))).difference(*spans.values())
    passed = set()
    for index, data in flipped(getattr(evidence, field)):
        try:
            claims = examine(msgspec.structs.replace(evidence, **{field: data}), now)
        except HushworkError:
            continue
        assert claims == right, f"byte {index} changes what is claimed"
        passed.add(index)
    assert passed & unlisted == set()
    assert all(span & passed for span in spans.values()), "a span is listed for nothing"


@pytest.mark.parametrize("make", [samples.sgx, samples.tdx, samples.snp, samples.nitro])
def test_evidence_cut_anywhere_is_refused(make: Callable[[], Evidence]) -> None:
    evidence = make()
    times = {
        "sgx": samples.SGX_TIMES[0],
        "tdx": samples.TDX_TIMES[0],
        "nitro": samples.NITRO_TIMES[0],
    }
    now = times.get(evidence.platform, samples.SNP_TIME)
    right = examine(evidence, now)
    size = len(evidence.document)
    for end in {*range(0, size, 61), *range(size - 40, size)}:
        cut = msgspec.structs.replace(evidence, document=evidence.document[:end])
        try:
            assert examine(cut, now) == right
            # dcap-qvl passes over what is behind a quote.
            assert not any(evidence.document[end:])
        except HushworkError:
            pass
