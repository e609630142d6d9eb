"""What people see of a network and of an answer: plain values in, rich renderables out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hushwork.cli.crews import Crew
from hushwork.cli.report import Report
from hushwork.subnet import Result, Row, Snapshot

PHASES = {
    "idle": "waiting for the next round",
    "drawing": "drawing images",
    "keys": "making the keys of this round",
    "jobs": "miners at work",
    "scoring": "scoring the answers",
    "weights": "setting weights",
}

COMPARING = "answers are compared with the plain run"
PROVING = "each answer has a proof, which is verified"
ATTESTING = "evidence is checked, answers are compared"
NAME_WIDTH, LABEL_WIDTH = 17, 15
NUMBERS = {"seconds": 7, "score": 9, "weight": 6}
"""Widths of columns: tables stand in line, and fit 80 characters."""

PARTIES = {
    "client": "you",
    "worker": "the miner",
    "enclave": "the enclave",
    "anybody between": "the gateway, the wire",
}
"""The guarantee's words for the two halves, as a customer of a gateway knows them."""


def bar(phase: str, done: int, total: int) -> Table:
    """One line of progress: what, a bar, how many of how many."""
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_row(phase, ProgressBar(total=total, completed=done, width=30), f"{done} of {total}")
    return line


def network_tables(snapshot: Snapshot, crews: Sequence[Crew]) -> Group:
    """A live table for each crew."""
    return Group(*(Group(crew_table(snapshot, crew), "") for crew in crews))


def crew_table(snapshot: Snapshot, crew: Crew) -> Table:
    """The miners of one task, those without a score yet included."""
    title = Text(f"{crew.task}: {held_to(crew)}", style="bold")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    table.add_column("miner", width=NAME_WIDTH, no_wrap=True)
    table.add_column("last label", width=LABEL_WIDTH, no_wrap=True)
    held = "verified" if crew.proves else "agreement"
    for heading, width in {held: len("agreement"), **NUMBERS}.items():
        table.add_column(heading, justify="right", width=width, no_wrap=True)
    rows = [row for row in snapshot.rows if row.task == crew.task]
    for row in rows:
        table.add_row(crew.names.get(row.hotkey, short(row.hotkey)), *cells(row))
    scored = {row.hotkey for row in rows}
    for name in (name for hotkey, name in crew.names.items() if hotkey not in scored):
        table.add_row(name, *(Text("-", style="dim") for _ in range(5)))
    return table


def held_to(crew: Crew) -> str:
    """How one knows that a crew's answers are right."""
    if crew.proves:
        return PROVING
    return ATTESTING if crew.attests else COMPARING


def cells(row: Row) -> Sequence[str | Text]:
    """A row's values as people read them."""
    return (
        last_answer(row),
        f"{row.agreement:.0%}",
        "-" if row.seconds is None else brief(row.seconds),
        readable(row.score),
        f"{row.weight:.0%}",
    )


def brief(seconds: float) -> str:
    """Seconds in a narrow column: two figures of them at least."""
    return f"{seconds:.2f}" if seconds >= 0.1 else f"{seconds:.4f}"


def readable(score: float) -> str:
    """A score, which may be of any size, in at most ten characters."""
    if score < 1000:
        return f"{score:,.2f}"
    return f"{score:,.0f}" if score < 1e7 else f"{score:.2e}"


def last_answer(row: Row) -> Text:
    """Its label, with a mark if it was wrong, or what went wrong instead."""
    if row.last_error:
        return Text(row.last_error.replace("_", " "), style="red")
    if not row.last_label:
        return Text("-", style="dim")
    return Text(row.last_label, style="green" if row.last_correct else "red strike")


def status_text(snapshot: Snapshot) -> str:
    """Round and phase."""
    return f"round {snapshot.round}: {PHASES.get(snapshot.phase, snapshot.phase)}"


def status_line(snapshot: Snapshot) -> RenderableType:
    """Round, phase, and how many jobs are done."""
    text = status_text(snapshot)
    if snapshot.phase != "jobs" or not snapshot.total:
        return Text(text)
    return bar(text, snapshot.done, snapshot.total)


def network_screen(
    snapshot: Snapshot,
    crews: Sequence[Crew],
    working: Sequence[tuple[str, Report]],
    notes: Sequence[str],
) -> Group:
    """The whole live view."""
    parts: list[RenderableType] = [network_tables(snapshot, crews), status_line(snapshot)]
    return Group(*parts, layers(working), *(Text.from_markup(note) for note in notes))


def layers(working: Sequence[tuple[str, Report]]) -> Table:
    """The layer that each miner is at; an empty line where none is, so that nothing jumps."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, report in working:
        grid.add_row(name, Text(report.phase), *share(report))
    return grid


def preparation_screen(children: Sequence[tuple[str, Report]]) -> Table:
    """Each process by name, and how far it is."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, report in children:
        if report.address:
            grid.add_row(name, Text("ready", style="green"))
        else:
            grid.add_row(name, report.phase, *share(report))
    return grid


def share(report: Report) -> Sequence[RenderableType]:
    """A bar, where there is something to count."""
    if not report.total:
        return ()
    return (ProgressBar(total=report.total, completed=report.done, width=30),)


def answer_screen(result: Result) -> Group:
    """Label, scores, cost, and who saw what."""
    facts = Table.grid(padding=(0, 2, 0, 0))
    if result.label:
        style = "bold green" if result.trusted else "bold red"
        facts.add_row("label", Text(result.label, style=style))
        runners_up = list(result.scores.items())[1:3]
        facts.add_row("next best", ", ".join(name for name, _ in runners_up))
    elif not result.text:
        for name, tensor in result.tensors.items():
            facts.add_row(Text(name), described(tensor))
    facts.add_row("time", f"{result.seconds:.2f} s")
    facts.add_row("sent", size(result.bytes_sent))
    facts.add_row("received", size(result.bytes_received))
    facts.add_row("miner", short(result.miner))
    if result.checks:
        facts.add_row(
            "checks", f"{result.checks_passed} of {result.checks} known answers came back"
        )
    if not result.trusted:
        facts.add_row("", Text("This miner does not compute what it says. Ask again.", style="red"))
    saw = Table("who", "saw what", box=SIMPLE_HEAD, show_edge=False)
    for party, what in result.who_saw_what.items():
        saw.add_row(PARTIES.get(party, party), what)
    return Group(facts, "", saw)


def described(tensor: NDArray[Any]) -> str:
    """Shape and first numbers of an output."""
    first = ", ".join(f"{value:.4g}" for value in tensor.reshape(-1)[:4])
    more = ", ..." if tensor.size > 4 else ""
    return f"{'x'.join(map(str, tensor.shape))} {tensor.dtype}: {first}{more}"


def size(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.1f} kB"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 0.01:
        return f"{seconds * 1e3:.1f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:,.0f} s"


def short(address: str) -> str:
    """An address that fits in a table."""
    return f"{address[:6]}...{address[-4:]}" if len(address) > 14 else address
