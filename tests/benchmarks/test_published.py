from __future__ import annotations

from xml.etree import ElementTree

from benchmarks import published, zama
from benchmarks.figures import Figure, Measured

OURS = Measured("hushwork", (Figure("vgg9", 1.2, 1.1, 32),))
CONCRETE = Measured("concrete", zama.extrapolated([Figure("concrete_table", 0.02, 0.019, 3)]))


def test_zamas_network_has_158336_activations() -> None:
    assert zama.TABLES == 158_336


def test_concrete_takes_a_table_for_each_activation() -> None:
    assert CONCRETE.value(published.VGG9) == 158_336 * 0.02
    assert zama.cells(CONCRETE)[-1][-1] == "158,336 x 20.0 ms = **3,167 s**"


def test_without_a_measurement_nothing_is_extrapolated() -> None:
    assert zama.cells(Measured("concrete"))[-1][-1] == "**158,336**"


def test_the_slowest_come_first_and_ours_among_them() -> None:
    found = published.everybody(OURS, CONCRETE, "90 % plain")
    assert [one.seconds for one in found] == sorted((one.seconds for one in found), reverse=True)
    assert [one.who for one in found if one.kind == "here"] == ["Hushwork"]
    assert found[0].who == "Concrete"


def test_what_is_missing_here_is_left_out() -> None:
    none = published.everybody(Measured("hushwork"), Measured("concrete"), "")
    assert len(none) == len(published.THEIRS)


def test_every_figure_says_where_it_stands() -> None:
    assert all(one.source and one.kind in published.KINDS for one in published.THEIRS)


def test_each_has_a_bar() -> None:
    found = published.everybody(OURS, CONCRETE, "")
    root = ElementTree.fromstring(published.draw(found))
    bars = [e for e in root.iter() if e.tag.endswith("rect") and e.get("x") == str(published._LEFT)]
    assert len(bars) == len(found)
