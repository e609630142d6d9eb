"""Pictures of training runs."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from hushwork.networks.train import curve

SVG = "{http://www.w3.org/2000/svg}"


def test_a_run_rises_within_the_picture_and_ends_with_its_figure() -> None:
    picture = ET.fromstring(curve.draw({"one": [0.3, 0.6, 0.9]}, 0.4))
    (line,) = picture.iter(f"{SVG}polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    across, down = zip(*points, strict=True)
    assert list(across) == sorted(across)
    assert list(down) == sorted(down, reverse=True)
    assert down[0] == 270.0
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert "one 90.0%" in texts
    assert "40%" in texts


def test_an_epoch_that_ran_away_is_drawn_at_the_foot(tmp_path: Path) -> None:
    run = tmp_path / "vgg.json"
    run.write_text(json.dumps([{"accuracy": None}, {"accuracy": 0.8, "loss": None}]))
    curve.main([run], tmp_path / "curve.svg", 0.5)
    assert "vgg 80.0%" in (tmp_path / "curve.svg").read_text()
