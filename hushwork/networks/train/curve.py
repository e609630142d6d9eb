"""Draw the held-out accuracy of training runs as SVG.

python -m hushwork.networks.train.curve lenet_fashion_mnist.json lenet_mnist.json --out curve.svg
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

_WIDTH, _HEIGHT, _MARGIN, _NAMES = 640, 320, 50, 130
_COLOURS = ("#1b6ca8", "#c44536", "#3a7d44")
_TICKS = 4
_STYLE = "font-family='sans-serif' font-size='12' fill='#666'"

Point = tuple[float, float]


def draw(runs: dict[str, list[float]], lowest: float) -> str:
    """Accuracies of each epoch from `lowest` on, by the name of the run, as an SVG document."""
    longest = max(len(values) for values in runs.values())
    ticks = [lowest + (1 - lowest) / (_TICKS - 1) * step for step in range(_TICKS)]
    body = [_grid_line(value, lowest) for value in ticks]
    for epoch in range(5, longest + 1, 5):
        x, _ = _place((epoch, lowest), longest, lowest)
        body.append(_text(x - 6, _HEIGHT - _MARGIN + 18, str(epoch)))
    body.append(_text(_WIDTH / 2, _HEIGHT - 10, "epoch"))
    body.append(_text(8, 20, "accuracy on 5,000 held-out training images"))
    for colour, (name, values) in zip(_COLOURS, runs.items(), strict=False):
        points = [_place(point, longest, lowest) for point in enumerate(values, 1)]
        body += _run(f"{name} {values[-1]:.1%}", points, colour)
    size = f"width='{_WIDTH}' height='{_HEIGHT}' viewBox='0 0 {_WIDTH} {_HEIGHT}'"
    background = "<rect width='100%' height='100%' fill='#fff'/>"
    lines = "\n".join([background, *body])
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>\n{lines}\n</svg>\n"


def _place(point: Point, longest: int, lowest: float) -> Point:
    epoch, accuracy = point
    inner_width, inner_height = _WIDTH - _MARGIN - _NAMES, _HEIGHT - 2 * _MARGIN
    height = (max(accuracy, lowest) - lowest) / (1 - lowest)
    return _MARGIN + inner_width * epoch / longest, _HEIGHT - _MARGIN - inner_height * height


def _grid_line(value: float, lowest: float) -> str:
    _, y = _place((0, value), 1, lowest)
    line = f"<path d='M{_MARGIN} {y:.1f}H{_WIDTH - _NAMES}' stroke='#ddd'/>"
    return line + _text(8, y + 4, f"{value:.0%}")


def _run(name: str, points: list[Point], colour: str) -> list[str]:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    line = f"<polyline points='{joined}' fill='none' stroke='{colour}' stroke-width='2'/>"
    x, y = points[-1]
    return [line, _text(x + 6, y + 4, name)]


def _text(x: float, y: float, text: str) -> str:
    return f"<text x='{x:.0f}' y='{y:.0f}' {_STYLE}>{text}</text>"


def main(
    histories: list[Path],
    out: Annotated[Path, typer.Option(help="SVG file to write")],
    lowest: Annotated[float, typer.Option(help="accuracy at the foot of the picture")] = 0.85,
) -> None:
    """Read the curves that the training script wrote."""
    runs = {
        path.stem.replace("_", "-"): [
            epoch["accuracy"] or 0.0
            for epoch in msgspec.json.decode(path.read_bytes(), type=list[dict[str, float | None]])
        ]
        for path in histories
    }
    out.write_text(draw(runs, lowest))


if __name__ == "__main__":
    typer.run(main)
