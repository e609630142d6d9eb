from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from benchmarks import figures, throughput
from benchmarks.figures import Figure, Measured
from benchmarks.throughput import Point

POINT = Point(
    images=1000,
    size=64,
    seconds=1.5,
    compile_seconds=9.0,
    peak_bytes=2_000_000_000,
    keys_bytes=48_000_000,
    request_bytes=2_000_000,
    answer_bytes=100_000,
    same_label=1.0,
    largest_error=1e-4,
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "RESULTS", tmp_path)
    monkeypatch.setattr(figures, "RESULTS", tmp_path)


def test_a_batch_takes_whole_runs() -> None:
    assert POINT.runs == 16
    assert POINT.rate == pytest.approx(60 * 1000 / (16 * 1.5))


def test_a_point_replaces_that_of_the_same_batch() -> None:
    later = msgspec.structs.replace(POINT, seconds=1.0)
    for point in (POINT, msgspec.structs.replace(POINT, images=1), later):
        throughput.keep(point)
    assert [(point.images, point.seconds) for point in throughput.kept()] == [(1, 1.5), (1000, 1.0)]


def test_rates_stand_beside_orion_s() -> None:
    (line,) = throughput.cells([POINT])
    assert line[:5] == ["1,000", "64", "1.50 s", "2,500", ""]
    figures.save(Measured("orion", (Figure("lenet", 3.0, 3.0),)))
    (line,) = throughput.cells([POINT])
    assert line[4] == "125x"
    assert len(line) == len(throughput.TITLES)


def test_ten_times_the_rate_is_a_decade_up() -> None:
    points = [
        msgspec.structs.replace(POINT, images=images, size=images, seconds=seconds)
        for images, seconds in ((10, 60.0), (100, 60.0), (1000, 60.0))
    ]
    root = ElementTree.fromstring(throughput.draw(points))
    up = [float(e.attrib["cy"]) for e in root.iter() if e.tag.endswith("circle")]
    assert up[0] - up[1] == pytest.approx(up[1] - up[2], abs=0.2)
    assert up[0] - up[2] == pytest.approx(throughput._HEIGHT, abs=0.2)
