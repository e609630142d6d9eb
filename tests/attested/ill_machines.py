"""Machines that are ill in one way each, and what each has to be refused with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hushwork.attested.evidence import Evidence
from hushwork.attested.platforms.certificates import Signer, moment, sgx_extension
from hushwork.attested.platforms.collateral import QE_PRODUCT, Vendor
from hushwork.attested.platforms.quotes import enclave_report
from hushwork.errors import (
    DebugEnabled,
    ExpiredEvidence,
    ForgedEvidence,
    HushworkError,
    MalformedBytes,
    MismatchedCollateral,
    OutdatedTcb,
    RevokedPlatform,
    UnsafeAttributes,
    UnsupportedVersion,
    UntrustedRoot,
)
from tests.attested.machines import DAY, FMSPC, NOW, PPID, REPORT_DATA, Kind, Machine

Make = Callable[[Machine], Evidence | Machine]
Scenarios = dict[type[HushworkError], dict[str, Make]]

DEBUG = bytes([0x13]) + bytes(15)
QE_NAMES = {"sgx": "QE", "tdx": "TD_QE"}
LATER, EARLIER = moment(NOW + 2 * DAY), moment(NOW - 2 * DAY)
FUTURE, PAST = "2035-01-01T00:00:00Z", "2020-01-01T00:00:00Z"


def other() -> Vendor:
    return Vendor.new("Other", moment(NOW - DAY))


def other_kind(made: Machine) -> Kind:
    return "sgx" if made.platform == "tdx" else "tdx"


def tcb_level(made: Machine, **fields: object) -> Machine:
    """Asking for other versions."""
    return made.with_level(tcb=made.publication.tcb_info["tcbLevels"][0]["tcb"] | fields)


def qe_level(made: Machine, **fields: object) -> Machine:
    return made.with_qe(tcbLevels=[made.publication.qe_identity["tcbLevels"][0] | fields])


def signers(made: Machine, *chain: Signer) -> Evidence:
    """Named as the issuers of the TCB info."""
    return made.altered(tcb_info_issuer_chain="".join(signer.pem for signer in chain))


def swapped(made: Machine) -> Machine:
    """The authority's certificate first, and then the processor's."""
    first = replace(made.pck, certificate=made.vendor.authority.certificate)
    return made.with_pck(first, made.pck.pem + made.vendor.root.pem)


def own_report(made: Machine, **fields: object) -> Evidence:
    """Of a quoting enclave that is not as it should be; the processor signs it all the same."""
    right = made.enclave.report(made.platform)[-64:]
    given = {"report_data": right, "product": QE_PRODUCT[made.platform]} | fields
    return made.evidence(made.quote(own=enclave_report(**given)))  # type: ignore[arg-type]


def module(made: Machine, **fields: object) -> Evidence:
    info = made.publication.tcb_info["tdxModule"] | fields
    return made.with_tcb(tdxModule=info).evidence()


def attributes(made: Machine, value: int) -> Evidence:
    report = made.report(attributes=value.to_bytes(8, "little"))
    return made.evidence(made.quote(report))


def short_lived(made: Machine, *, is_late: bool) -> Evidence:
    """A processor whose certificate is no longer, or not yet, valid."""
    start = moment(NOW + DAY) if is_late else moment(NOW - 5000 * DAY)
    pck = made.vendor.authority.issue("PCK", start, sgx_extension=sgx_extension(PPID, FMSPC))
    return made.with_pck(pck).evidence()


def dated(made: Machine, **dates: object) -> Evidence:
    """Lists of revoked certificates of another time."""
    return replace(made, publication=replace(made.publication, **dates)).evidence()  # type: ignore[arg-type]


def authority_as_leaf(made: Machine) -> Evidence:
    extension = sgx_extension(PPID, FMSPC)
    pck = made.vendor.authority.issue("PCK", is_authority=True, sgx_extension=extension)
    return made.with_pck(pck).evidence()


def leaf_as_authority(made: Machine) -> Evidence:
    """A processor's own certificate issues another."""
    pck = made.pck.issue("PCK", sgx_extension=sgx_extension(PPID, FMSPC))
    return made.with_pck(pck, made.pck.pem + made.vendor.issuers).evidence()


def two_quotes(made: Machine) -> Evidence:
    """The body of one quote with the signatures of another."""
    body = made.quote()[: 48 + len(made.report())]
    measurement = "mr_td" if made.platform == "tdx" else "mr_enclave"
    size = 48 if made.platform == "tdx" else 32
    other_quote = made.quote(made.report(**{measurement: b"\1" * size}))
    return made.evidence(body + other_quote[len(body) :])


def list_of(made: Machine, **fields: object) -> Evidence:
    lists = {name: signer.revocations(LATER, LATER).hex() for name, signer in fields.items()}  # type: ignore[attr-defined]
    return made.altered(**lists)


def cut(made: Machine, size: int) -> Evidence:
    return made.evidence(made.quote()[:size])


TCB_INFO: Scenarios = {
    ExpiredEvidence: {
        "expired TCB info": lambda m: m.with_tcb(nextUpdate=PAST),
        "TCB info of the future": lambda m: m.with_tcb(issueDate=FUTURE),
    },
    MalformedBytes: {
        "TCB info without a date": lambda m: m.with_tcb(issueDate="soon"),
        "FMSPC that is not hex": lambda m: m.with_tcb(fmspc="what"),
        "status of nobody": lambda m: m.with_level(tcbStatus="Fine"),
        "TCB info not JSON": lambda m: m.altered(tcb_info="{"),
        "TCB signature cut": lambda m: m.altered(tcb_info_signature="11" * 20),
        "TCB chain of nothing": signers,
        "TCB chain too long": lambda m: signers(m, m.vendor.tcb_signer, *[m.vendor.root] * 9),
    },
    MismatchedCollateral: {
        "FMSPC of another processor": lambda m: m.with_tcb(fmspc="FF" * 6),
        "TCB info of the other kind": lambda m: m.with_tcb(id=other_kind(m).upper()),
        "TCB info of an old version": lambda m: m.with_tcb(version=1),
        "too few components": lambda m: tcb_level(m, sgxtcbcomponents=[{"svn": 0}]),
    },
    OutdatedTcb: {
        "no level low enough": lambda m: tcb_level(m, sgxtcbcomponents=[{"svn": 9}] * 16),
        "no level at all": lambda m: m.with_tcb(tcbLevels=[]),
        "PCE too old": lambda m: tcb_level(m, pcesvn=99),
    },
    RevokedPlatform: {
        "revoked level": lambda m: m.with_level(tcbStatus="Revoked"),
        "revoked TCB signer": lambda m: m.with_revoked(m.vendor.tcb_signer),
    },
    UnsupportedVersion: {
        "status that is only derived": lambda m: m.with_level(tcbStatus="TDRelaunchAdvised"),
    },
    ForgedEvidence: {
        "TCB info changed": lambda m: m.altered(tcb_info=m.signed.tcb_info + " "),
        "TCB info signed by another": lambda m: m.altered(tcb_info_signature="11" * 64),
        "TCB signer of another root": lambda m: m.with_vendor(tcb_signer=other().tcb_signer),
        "TCB signer under an authority": lambda m: m.with_vendor(
            tcb_signer=m.vendor.authority.issue("x")
        ),
        "authority as TCB signer": lambda m: m.with_vendor(tcb_signer=m.vendor.authority),
        "TCB chain without a leaf": lambda m: signers(m, m.vendor.root),
    },
    UntrustedRoot: {
        "TCB chain turned round": lambda m: signers(m, m.vendor.root, m.vendor.tcb_signer),
    },
}

QUOTING_ENCLAVE: Scenarios = {
    ExpiredEvidence: {
        "expired QE identity": lambda m: m.with_qe(nextUpdate=PAST),
        "QE identity of the future": lambda m: m.with_qe(issueDate=FUTURE),
    },
    MismatchedCollateral: {
        "QE identity of the other kind": lambda m: m.with_qe(id=QE_NAMES[other_kind(m)]),
        "QE identity of a new version": lambda m: m.with_qe(version=9),
        "wrong signer of the QE": lambda m: own_report(m, mr_signer=b"\1" * 32),
        "another product of the QE's signer": lambda m: own_report(m, product=7),
        "attributes of the QE": lambda m: own_report(m, attributes=bytes([0x31]) + bytes(15)),
        "MISCSELECT of the QE": lambda m: m.with_qe(miscselect="01000000"),
    },
    ForgedEvidence: {
        "QE identity changed": lambda m: m.altered(qe_identity=m.signed.qe_identity + " "),
        "QE identity signed by another": lambda m: m.altered(qe_identity_signature="11" * 64),
        "QE chain of another root": lambda m: m.altered(qe_identity_issuer_chain=other().issuers),
        "QE vouches for another key": lambda m: own_report(m, report_data=REPORT_DATA),
    },
    MalformedBytes: {
        "QE chain of nothing": lambda m: m.altered(qe_identity_issuer_chain=""),
    },
    DebugEnabled: {
        "QE under debugging": lambda m: own_report(m, attributes=DEBUG),
    },
    OutdatedTcb: {
        "QE too old": lambda m: qe_level(m, tcb={"isvsvn": 9}),
        "QE of no level": lambda m: m.with_qe(tcbLevels=[]),
    },
    RevokedPlatform: {
        "revoked QE": lambda m: qe_level(m, tcbStatus="Revoked"),
    },
}

CERTIFICATES: Scenarios = {
    RevokedPlatform: {
        "revoked processor": lambda m: m.with_revoked(m.pck),
        "revoked authority": lambda m: m.with_revoked(m.vendor.authority),
        "revoked root": lambda m: m.with_revoked(m.vendor.root),
    },
    ExpiredEvidence: {
        "processor's certificate expired": lambda m: short_lived(m, is_late=False),
        "processor's certificate of the future": lambda m: short_lived(m, is_late=True),
    },
    ForgedEvidence: {
        "authority used as leaf": authority_as_leaf,
        "leaf used as authority": leaf_as_authority,
        "processor of another vendor": lambda m: m.with_pck(other().processor(PPID, FMSPC)),
        "processor's chain without its authority": lambda m: m.with_pck(m.pck, m.vendor.root.pem),
        "certificates swapped": swapped,
    },
    MalformedBytes: {
        "processor without its extension": lambda m: m.with_pck(m.vendor.authority.issue("PCK")),
        "no certificates": lambda m: m.altered(pck_certificate_chain=""),
    },
    UntrustedRoot: {
        "vendor of nobody": lambda m: replace(m, vendor=other()).with_vendor(),
    },
}

LISTS: Scenarios = {
    ExpiredEvidence: {
        "expired lists": lambda m: dated(m, issued=EARLIER, expires=moment(NOW - 60)),
    },
    ForgedEvidence: {
        "root's list of another": lambda m: list_of(m, root_ca_crl=other().root),
        "processors' list of another": lambda m: list_of(m, pck_crl=other().authority),
        "processors' list in the root's place": lambda m: list_of(
            m, root_ca_crl=m.vendor.authority
        ),
        "root's list twice": lambda m: list_of(m, pck_crl=m.vendor.root),
    },
    MalformedBytes: {
        "no list": lambda m: m.altered(pck_crl=""),
        "list not hex": lambda m: m.altered(root_ca_crl="xy"),
    },
}

QUOTES: Scenarios = {
    DebugEnabled: {
        "enclave under debugging": lambda m: m.evidence(m.quote(m.report(attributes=DEBUG))),
        "guest under debugging": lambda m: attributes(m, 1 << 28 | 1),
        "guest under profiling": lambda m: attributes(m, 1 << 28 | 1 << 4),
    },
    UnsafeAttributes: {
        "guest that may migrate": lambda m: attributes(m, 1 << 28 | 1 << 29),
        "guest with service guests": lambda m: attributes(m, 1 << 28 | 1 << 17),
        "guest of reserved attributes": lambda m: attributes(m, 1 << 28 | 1 << 40),
        "guest whose pages may vanish": lambda m: attributes(m, 0),
    },
    MismatchedCollateral: {
        "TDX module of another": lambda m: module(m, mrsigner="11" * 48),
        "attributes of the TDX module": lambda m: module(m, attributes="01" + "00" * 7),
        "no TDX module": lambda m: m.with_tcb(tdxModule=None),
    },
    MalformedBytes: {
        "signer of the TDX module not hex": lambda m: module(m, mrsigner="11"),
        "version of the other kind": lambda m: m.patched(0, b"\4"),
        "cut in its header": lambda m: cut(m, 40),
        "cut in its body": lambda m: cut(m, 300),
        "cut in its signatures": lambda m: cut(m, 900),
        "nothing": lambda m: m.evidence(b"\0"),
    },
    UnsupportedVersion: {
        "unknown version": lambda m: m.patched(0, b"\7"),
        "unknown TEE": lambda m: m.patched(4, b"\x77"),
        "unknown kind of key": lambda m: m.patched(2, b"\3"),
        "unknown vendor of the QE": lambda m: m.patched(12, bytes(16)),
    },
    OutdatedTcb: {
        "unknown TDX module": lambda m: m.patched(48, bytes([3, 7]), signed_again=True),
    },
    ForgedEvidence: {
        "another measurement": lambda m: m.patched(48 + 64, b"\1"),
        "another report data": lambda m: m.patched(48 + len(m.report()) - 1, b"\0"),
        "bodies swapped": two_quotes,
    },
}

ONLY: dict[str, Kind] = {
    "enclave under debugging": "sgx",
    "guest under debugging": "tdx",
    "guest under profiling": "tdx",
    "guest that may migrate": "tdx",
    "guest with service guests": "tdx",
    "guest of reserved attributes": "tdx",
    "guest whose pages may vanish": "tdx",
    "TDX module of another": "tdx",
    "attributes of the TDX module": "tdx",
    "no TDX module": "tdx",
    "signer of the TDX module not hex": "tdx",
    "version of the other kind": "sgx",
    "unknown TDX module": "tdx",
}

"""What happens to one kind of machine alone."""

SCENARIOS = [TCB_INFO, QUOTING_ENCLAVE, CERTIFICATES, LISTS, QUOTES]
