from __future__ import annotations

import re

import numpy as np
import pytest
from rich.console import Console, RenderableType

from hushwork.cli.advice import ANYWHERE, ASKING, Advice, advised
from hushwork.cli.app import sentence
from hushwork.cli.crews import Crew
from hushwork.cli.report import Report
from hushwork.cli.screen import answer_screen, network_screen, preparation_screen, readable, size
from hushwork.errors import (
    HushworkError,
    InsecureParameters,
    InvalidInput,
    UnknownBlob,
    Unreachable,
)
from hushwork.subnet import Result, Row, Snapshot
from tests.subnet.town import tiny_network

ROW = Row(
    uid=3,
    hotkey="5" + "F" * 47,
    url="http://127.0.0.1:1",
    task="lenet encrypted",
    manifest="0" * 64,
    last_label="coat",
    last_correct=True,
    agreement=0.875,
    seconds=1.234,
    score=34_127.9,
    weight=0.62,
    last_error="",
)
SNAPSHOT = Snapshot("5V", 2, "jobs", 3, 18, 1, (ROW,))
RESULT = Result(
    label="ankle boot",
    scores={"ankle boot": 9.0, "sneaker": 4.0, "sandal": 2.0, "bag": -3.0},
    output=np.array([9.0, 4.0, 2.0, -3.0]),
    seconds=1.5,
    bytes_sent=2_345_678,
    bytes_received=12_000,
    who_saw_what={"you": "all of it", "miner": "ciphertexts"},
    miner="5" + "G" * 47,
    checks=0,
    checks_passed=0,
)


def text(screen: RenderableType) -> str:
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(screen)
    return console.export_text()


def crew(names: dict[str, str], *, proves: bool = False) -> Crew:
    return Crew("lenet", tiny_network(), "encrypted", ROW.task, proves, names)


def test_the_table_shows_what_a_miner_did() -> None:
    shown = text(network_screen(SNAPSHOT, [crew({ROW.hotkey: "miner 1"})], [], ["a hint"]))
    line = next(line for line in shown.splitlines() if "miner 1" in line)
    cells = re.split(r"\s{2,}", line.strip())
    assert cells == ["miner 1", "coat", "88%", "1.23", "34,128", "62%"]
    assert "round 2: miners at work" in shown
    assert "3 of 18" in shown
    assert "a hint" in shown


def test_each_task_has_a_table_and_says_what_its_answers_are_worth() -> None:
    proof = ROW.__class__(**{**as_dict(ROW), "hotkey": "5P", "task": "other", "agreement": 0.67})
    crews = [
        crew({ROW.hotkey: "miner 1"}),
        Crew("other", tiny_network(), "proved", "other", True, {"5P": "miner 4"}),
    ]
    snapshot = Snapshot("5V", 2, "idle", 0, 0, 1, (ROW, proof))
    lines = text(network_screen(snapshot, crews, [], [])).splitlines()
    first, second = (next(i for i, line in enumerate(lines) if c.task in line) for c in crews)
    assert "agreement" in lines[first + 1]
    assert "verified" in lines[second + 1]
    assert "miner 1" in lines[first + 3]
    assert "miner 4" in lines[second + 3]
    assert "67%" in lines[second + 3]


def test_the_layer_that_a_miner_is_at_has_a_line_and_a_bar() -> None:
    working = [("miner 2", Report("[bold]convolution3", 30, 100))]
    crews = [crew({})]
    still, busy = (
        text(network_screen(SNAPSHOT, crews, at, ["a hint"])).splitlines() for at in ([], working)
    )
    line = next(line for line in busy if "convolution3" in line)
    assert line.split()[:3] == ["miner", "2", "[bold]convolution3"]
    assert "━" in line
    assert len(busy) == len(still), "what stands below would jump"


def test_scores_of_any_size_are_readable() -> None:
    assert [readable(x) for x in (0.0, 999.99, 1000, 9_999_999, 665_577_591.0)] == [
        *("0.00", "999.99", "1,000", "9,999,999", "6.66e+08")
    ]


def test_a_failure_takes_the_place_of_the_label() -> None:
    row = ROW.__class__(**{**as_dict(ROW), "last_error": "malformed_bytes", "seconds": None})
    shown = text(network_screen(Snapshot("5V", 2, "idle", 0, 0, 1, (row,)), [crew({})], [], []))
    assert "malformed bytes" in shown
    assert "coat" not in shown
    assert "5FFFFF...FFFF" in shown


def test_a_miner_without_a_score_is_shown() -> None:
    empty = Snapshot("5V", 1, "keys", 0, 0, 0, ())
    shown = text(network_screen(empty, [crew({"5A": "miner 1", "5B": "miner 2 (slow)"})], [], []))
    assert "miner 2 (slow)" in shown


def test_an_answer_shows_cost_and_who_saw_what() -> None:
    shown = text(answer_screen(RESULT))
    for part in ("ankle boot", "sneaker, sandal", "1.50 s", "2.3 MB", "12.0 kB", "ciphertexts"):
        assert part in shown
    assert "checks" not in shown


def test_a_failed_check_is_said_plainly() -> None:
    failed = Result(**{**vars(RESULT), "checks": 3, "checks_passed": 2})
    shown = text(answer_screen(failed))
    assert "2 of 3" in shown
    assert "Ask again" in shown


def test_preparation_shows_each_process() -> None:
    reports = [
        ("ledger", Report("ledger", address="http://x")),
        ("miner 1", Report("compile", 1, 2)),
    ]
    shown = text(preparation_screen(reports)).splitlines()
    assert shown[0].split() == ["ledger", "ready"]
    assert shown[1].split()[:3] == ["miner", "1", "compile"]
    assert "━" in shown[1]


@pytest.mark.parametrize(
    ("count", "said"), [(512, "0.5 kB"), (99_999, "100.0 kB"), (58_000_000, "58.0 MB")]
)
def test_sizes(count: int, said: str) -> None:
    assert size(count) == said


def test_an_error_is_a_sentence_with_advice() -> None:
    assert said(Unreachable("no answer"), ANYWHERE).startswith("No answer. Is it up?")
    assert "hush sample" in said(InvalidInput("image", expected="a picture", got="text"), ASKING)
    assert "another model" in said(InsecureParameters("not 128-bit secure"), ASKING)
    assert said(UnknownBlob("no such blob"), ASKING) == "No such blob."


def said(error: HushworkError, advice: Advice) -> str:
    """Of an error that a command raises where it knows some advice."""
    with pytest.raises(HushworkError) as caught, advised(advice):
        raise error
    return sentence(caught.value)


def as_dict(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}
