"""`hush verify`: evidence of any kind, checked by anybody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hushwork.attested.record import RECORD_LIMIT, is_record
from hushwork.cli import enclaves, options, proofs
from hushwork.cli.customer import follow
from hushwork.cli.report import progress_bars
from hushwork.cli.screen import duration
from hushwork.errors import InvalidInput
from hushwork.networks.disk import read_file
from hushwork.proved import Evidence
from hushwork.proved.evidence import EVIDENCE_LIMIT

NAMED = ("the model", "the nonce", "the hotkey")


def verify(
    file: Annotated[Path, typer.Argument(help="Evidence that hush prove or hush infer wrote.")],
    policy: options.Policy = None,
    model: Annotated[str, typer.Option(help="Digest of the model that it must be, in hex.")] = "",
    nonce: Annotated[str, typer.Option(help="Nonce that it must be bound to, in hex.")] = "",
    hotkey: Annotated[str, typer.Option(help="Hotkey that it must be bound to.")] = "",
) -> None:
    """Check evidence: no model, no secret, no network is needed; of an enclave, a policy is."""
    data = read_file(file, max(EVIDENCE_LIMIT, RECORD_LIMIT))
    started = perf_counter()
    with progress_bars(Console(stderr=True)) as bars:
        progress = follow(bars, proofs.PHASES)
        progress("verifying", 0, 1)
        said = _attested(data, policy) if is_record(data) else _proved(data)
        progress("verifying", 1, 1)
    for what, wanted, found in zip(NAMED, (model, nonce, hotkey), said.names, strict=True):
        _require(what, wanted, found)
    Console().print(said.table)
    if warning := enclaves.protection(policy) if is_record(data) else "":
        Console().print(Text(warning, style="red"))
    Console().print(Text(f"valid, in {duration(perf_counter() - started)}", style="bold green"))


@dataclass(frozen=True)
class _Said:
    """What evidence shows, and the names of model, nonce and hotkey in it."""

    table: Table
    names: tuple[str, str, str]


def _proved(data: bytes) -> _Said:
    findings = Evidence.from_bytes(data).check()
    bound = findings.claim.bound
    names = (findings.model.digest.hex(), bound.nonce.hex(), bound.hotkey)
    return _Said(proofs.findings_table(findings), names)


def _attested(data: bytes, policy: Path | None) -> _Said:
    findings = enclaves.check_record(data, policy)
    receipt = findings.receipt
    names = (receipt.model, receipt.nonce, findings.keyset.hotkey)
    return _Said(enclaves.findings_table(findings), names)


def _require(what: str, wanted: str, found: str) -> None:
    if wanted and wanted.lower() != found.lower():
        raise InvalidInput(what, expected=wanted, got=found)
