"""`hush policy`, and what people see of an enclave's evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table
from rich.text import Text

from hushwork.attested import Findings, Policy, Record
from hushwork.attested.evidence import Claims, Evidence, examine
from hushwork.attested.keyset import read
from hushwork.attested.messages import Tensors
from hushwork.attested.platforms import NO_PROTECTION
from hushwork.attested.policy import Accepted
from hushwork.attested.receipt import Receipt
from hushwork.attested.record import RECORD_LIMIT
from hushwork.errors import InvalidInput
from hushwork.networks.disk import read_file

TEMPLATE = Policy(
    platforms=("tdx",),
    accepted=(Accepted("put the measurements of what you trust here", {"mr_td": "00" * 48}),),
)
SHOWN = ("mr_enclave", "mr_td", "measurement", "pcr0")
LONG = 60
Rows = list[tuple[str, str | Text]]


def policy(
    evidence: Annotated[
        Path | None, typer.Argument(help="Evidence that hush infer wrote: draft what accepts it.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where to write it.")] = Path("policy.toml"),
) -> None:
    """Write a policy: which enclaves you trust. Read it, and edit it, before you use it."""
    if out.exists():
        raise InvalidInput("--out", expected="a new file", got=out)
    drafted = TEMPLATE if evidence is None else _drafted(evidence)
    out.write_text(drafted.to_toml())
    typer.echo(f"{out}: every line says what it means. It trusts what it lists and nothing else.")


def check_record(data: bytes, policy_file: Path | None) -> Findings:
    """Check a record by a policy. Raises InvalidInput without one, and what Record.check raises."""
    record = Record.from_bytes(data)
    if policy_file is None:
        expected = "--policy FILE, which says whom you trust; hush policy EVIDENCE drafts one"
        raise InvalidInput("attested evidence", expected=expected, got="none")
    return record.check(Policy.read(policy_file))


def findings_table(findings: Findings) -> Table:
    """What a record shows."""
    manifest, receipt = findings.manifest, findings.receipt
    rows: Rows = [
        ("model", manifest.network),
        ("", manifest.network_digest),
        ("input", _question(findings)),
        *_answer(findings),
        ("at", f"{moment(receipt.issued)}, as the enclave says"),
        ("hotkey", findings.keyset.hotkey or "none"),
        *claims_rows(findings.claims),
    ]
    table = Table.grid(padding=(0, 2, 0, 0))
    for title, value in rows:
        table.add_row(plain(title), value if isinstance(value, Text) else plain(value))
    return table


def plain(text: str, style: str = "") -> Text:
    """A stranger's words, without what a terminal or a renderer would make of them."""
    return Text(printable(text), style=style)


def printable(text: str) -> str:
    """The same with a question mark for each control character but line feeds."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def claims_rows(claims: Claims) -> Rows:
    """What hardware vouches for."""
    names = [name for name in SHOWN if name in claims.measurements]
    rows: Rows = [("platform", f"{claims.platform}, {claims.status}")]
    rows += [(name.replace("_", ""), claims.measurements[name]) for name in names]
    rows += [(name, value) for name, value in claims.events.items() if name == "compose-hash"]
    rows.append(("machine", claims.identity))
    if claims.advisories:
        rows.append(("advisories", ", ".join(claims.advisories)))
    return rows


def protection(policy_file: Path | None) -> str:
    """A warning where a policy trusts what protects nothing; else nothing."""
    trusts = policy_file is not None and Policy.read(policy_file).insecure_development_root
    return NO_PROTECTION if trusts else ""


def moment(seconds: int) -> str:
    """A time for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _drafted(path: Path) -> Policy:
    """From evidence that a vendor's root vouches for, at the time of its receipt."""
    record = Record.from_bytes(read_file(path, RECORD_LIMIT))
    at = read(Receipt, record.receipt).issued
    claims = examine(Evidence.from_bytes(record.evidence), at)
    return Policy.draft(claims, f"seen {moment(at)}")


def _question(findings: Findings) -> str:
    told = findings.question
    if told is None:
        return "not told"
    if isinstance(told, Tensors):
        return ", ".join(f"{name} {value.shape}" for name, value in told.values.items())
    return repr(told.text if len(told.text) <= LONG else told.text[:LONG] + "...")


def _answer(findings: Findings) -> Rows:
    if findings.manifest.streams:
        return [("text", findings.text)]
    outputs = {name: value.array for name, value in findings.record.outcome.tensors.items()}
    labels = findings.manifest.labels
    if labels and len(outputs) == 1:
        (output,) = outputs.values()
        order = np.argsort(-output.reshape(-1), kind="stable")[:3]
        largest = ", ".join(f"{labels[i]} {output.reshape(-1)[i]:.3f}" for i in order)
        return [("label", plain(labels[order[0]], "bold green")), ("largest", largest)]
    return [(name, f"{value.dtype} {value.shape}") for name, value in outputs.items()]
