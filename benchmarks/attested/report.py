"""What is kept, shown at the terminal and put into docs/benchmarks_attested.md."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from benchmarks import document, machine, table
from benchmarks.attested.evidence import MACHINES
from benchmarks.attested.work import CALLERS
from benchmarks.figures import Key, Measured, saved
from benchmarks.programs import ROOT

PAGE = ROOT / "docs/benchmarks_attested.md"
Lines = tuple[Sequence[str], table.Cells]
LEAST_RATE = 500
MOST_ADDED, MOST_SHARE, MOST_EVIDENCE = 1e-3, 0.02, 10e-3
CALLED = {
    "small": "LeNet-5, a picture",
    "sentence": "MiniLM, a sentence of 13 tokens",
    "passage": "MiniLM, a passage of 112 tokens",
    "whole": "MiniLM, 256 tokens, all that it reads",
}


def kept(part: str) -> Measured:
    """The latest figures of a part of the run."""
    return saved(f"attested-{part}")


def jobs() -> Lines:
    """What the sealed channel and the receipt add to one job."""
    titles = ["one job, medians", "without", "attested", "added", "share", "goal", "met"]
    lines = []
    for name, said in CALLED.items():
        part = kept("small" if name == "small" else "minilm")
        clear, sealed = part.value(Key(name)), part.value(Key(f"{name}_attested"))
        added = part.value(Key(f"{name}_added"))
        if clear is None or sealed is None or added is None:
            continue
        share = added / clear
        small = name == "small"
        goal = "at most 1 ms" if small else "at most 2 %"
        met = added <= MOST_ADDED if small else share <= MOST_SHARE
        figures = [milliseconds(value) for value in (clear, sealed, added)]
        lines.append([said, *figures, f"{share:.1%}", goal, "yes" if met else "**no**"])
    return titles, lines


def breakdown() -> Lines:
    """What is added to the passage, in one process."""
    part = kept("breakdown")
    model, run = part.value(Key("model")), part.value(Key("run"))
    lines = []
    if model is not None and run is not None:
        parts = {
            "the customer seals": part.value(Key("seal")),
            "the enclave opens, signs and seals": run - model,
            "of it, Ed25519 signing": part.value(Key("sign")),
            "the customer opens and checks": part.value(Key("open")),
            "of it, Ed25519 verification": part.value(Key("verify")),
        }
        lines = [[said, milliseconds(value)] for said, value in parts.items() if value is not None]
    return ["added to the passage", "median"], lines


def load() -> Lines:
    """How many answers a second."""
    titles = ["answers a second", *(f"{count} asking" for count in CALLERS)]
    part = kept("load")
    lines = []
    for kind, said in (("attested", "attested"), ("clear", "without")):
        values = [part.value(Key(f"{kind}_rate", threads=count)) for count in CALLERS]
        lines.append([said, *("-" if value is None else f"{value:,.0f}" for value in values)])
    return titles, lines


def evidence() -> Lines:
    """Verification of one evidence, and words of a language model."""
    titles = ["what", "median"]
    part, words = kept("evidence"), kept("words")
    lines = [
        [f"verify evidence: {name}", milliseconds(value)]
        for name in MACHINES
        if (value := part.value(Key(f"evidence_{name}"))) is not None
    ]
    for name, said in (
        ("plain_token", "tiny-tales: a token, in the process itself"),
        ("token", "tiny-tales: a token, sealed, at the customer"),
        ("first", "tiny-tales: the first token, at the customer"),
    ):
        if (value := words.value(Key(name))) is not None:
            lines.append([said, milliseconds(value)])
    return titles, lines


def milliseconds(value: float) -> str:
    """Seconds as people read them here."""
    return f"{value * 1e3:.2f} ms"


def show(console: Console, *, renew: bool) -> None:
    """Show what is kept; renew the page if asked."""
    tables = {"jobs": jobs(), "breakdown": breakdown(), "load": load(), "evidence": evidence()}
    for name, (titles, lines) in tables.items():
        console.print(table.terminal(name, titles, lines))
    if renew:
        made = {name: table.markdown(*lines) for name, lines in tables.items()}
        made["machine"] = machine.describe(kept("machine"), kept("small"))
        document.write(made, {}, PAGE)
        console.print(f"Written: {PAGE}", highlight=False)
