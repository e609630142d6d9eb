"""Tables, the plot and the page."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks import document, peers, plot, report, table
from benchmarks.figures import Figure, Key, Measured
from benchmarks.rows import Row, seconds

ROWS = [
    Row("rotation", Key("rotation", 15, 1), seconds, 0.010),
    Row("other", Key("other"), seconds),
]


def one(who: str, value: float) -> Measured:
    return Measured(who, (Figure("rotation", value, value, 1, 15, 1),))


PEERS = [Measured(peer.who) for peer in peers.PEERS]
OURS, SLOW, NOBODY = one("ours", 0.008), one("slow", 0.080), Measured("nobody", unavailable="no Go")


def test_a_peer_stands_beside_how_often_ours_it_is() -> None:
    lines = table.cells(ROWS, OURS, [SLOW, NOBODY])
    assert lines[0] == ["rotation", "≤ 10.0 ms", "yes", "8.00 ms", "80.0 ms (10.0x)", "missing"]
    assert lines[1] == ["other", "", "", "missing", "", "missing"]


def test_a_missed_goal_is_said() -> None:
    assert table.cells(ROWS[:1], SLOW, [OURS])[0][2:] == ["no", "80.0 ms", "8.00 ms (0.10x)"]


def test_markdown_keeps_its_columns() -> None:
    lines = table.markdown(["a|b", "c"], [["< 1", "2"]]).splitlines()
    assert lines == ["| a\\|b | c |", "| --- | --- |", "| &lt; 1 | 2 |"]


def test_parts_go_between_their_markers() -> None:
    page = "x\n<!-- begin a -->\nold\n<!-- end a -->\ny <!-- begin b --><!-- end b -->"
    wanted = page.replace("old", r"new \1").replace("b --><", "b -->\n2\n<")
    assert document.inject(page, {"a": r"new \1", "b": "2"}) == wanted


@pytest.mark.parametrize("page", ["", "<!-- begin a --><!-- end a -->" * 2])
def test_a_part_without_its_one_place_is_an_error(page: str) -> None:
    with pytest.raises(ValueError, match="expected 1"):
        document.inject(page, {"a": "text"})


def test_the_page_has_every_place() -> None:
    page = document.PAGE.read_text()
    ours = Measured("ours")
    document.inject(page, report.parts(ours, Measured("machine", unavailable="none"), PEERS))
    assert all(f"({name})" in page for name in report.pictures(OURS, PEERS))


def test_bars_grow_with_the_logarithm() -> None:
    root = ElementTree.fromstring(plot.draw(ROWS, [OURS, SLOW, NOBODY]))
    bars = [e for e in root.iter() if e.tag.endswith("rect") and e.get("x") == "250"]
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert len(widths) == 2
    decades = 2
    assert widths[1] - widths[0] == pytest.approx(plot._PLOT / decades, abs=0.2)
