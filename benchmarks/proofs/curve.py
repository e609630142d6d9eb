"""Time against size: codewords of all lengths."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Key, Measured
from benchmarks.rows import seconds, size
from benchmarks.svg import COLOURS, Axis, bare, document, ruled, text

LOG_DOMAINS = {"lenet5": range(14, 21), "vgg9": range(15, 21)}
NAMES = {"lenet5": "LeNet-5", "vgg9": "VGG-9"}
TITLES = ("network", "rows of a codeword", "prove", "verify", "proof", "evidence", "memory")
_LEFT, _PLOT, _RIGHT, _TOP, _HEIGHT = 80, 560, 90, 50, 280


def called(name: str, log_domain: int) -> str:
    """What the figures of a point are called."""
    return f"{name}_{log_domain}"


def points(measured: Measured, name: str) -> list[tuple[int, float, float]]:
    """(log2 of the codeword's rows, seconds, bytes) of a network."""
    found = []
    for log_domain in LOG_DOMAINS[name]:
        key = called(name, log_domain)
        time, length = (measured.value(Key(f"{key}_{what}")) for what in ("prove", "proof_size"))
        if time and length:
            found.append((log_domain, time, length))
    return found


def cells(measured: Measured) -> list[list[str]]:
    """One line for each point."""
    shows = {
        "prove": seconds,
        "verify": seconds,
        "proof_size": size,
        "evidence_size": size,
        "memory": size,
    }
    lines = []
    for name in LOG_DOMAINS:
        for log_domain, _, _ in points(measured, name):
            key = called(name, log_domain)
            values = [(measured.value(Key(f"{key}_{what}")), show) for what, show in shows.items()]
            shown = [show(value) if value else "" for value, show in values]
            lines.append([NAMES[name], f"2^{log_domain}", *shown])
    return lines


def draw(measured: Measured) -> str:
    """Bytes against seconds, both logarithmic, a line for each network."""
    named = {name: points(measured, name) for name in LOG_DOMAINS}
    lines = {name: found for name, found in named.items() if found}
    everything = [point for found in lines.values() for point in found]
    across = Axis([time for _, time, _ in everything], _LEFT, _PLOT)
    up = Axis([length for _, _, length in everything], _TOP + _HEIGHT, -_HEIGHT)
    names = (lambda tick: bare(seconds, tick)), (lambda tick: bare(size, tick))
    caption = "seconds of the prover; at each point, log2 of a codeword's rows"
    body = [
        text(8, 20, "bytes of a proof, both axes logarithmic"),
        *ruled(across, up, names, caption),
    ]
    for colour, (name, found) in zip(COLOURS, lines.items(), strict=False):
        body += _line(across, up, colour, NAMES[name], found)
    return document(_LEFT + _PLOT + _RIGHT, _TOP + _HEIGHT + 50, body)


def _line(
    across: Axis, up: Axis, colour: str, name: str, found: Sequence[tuple[int, float, float]]
) -> list[str]:
    spots = [(log_domain, across.at(time), up.at(length)) for log_domain, time, length in found]
    path = "L".join(f"{x:.1f} {y:.1f}" for _, x, y in spots)
    lines = [f"<path d='M{path}' stroke='{colour}' fill='none'/>"]
    for log_domain, x, y in spots:
        lines.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' fill='{colour}'/>")
        lines.append(text(x, y - 8, str(log_domain), "middle"))
    _, x, y = spots[-1]
    return [*lines, text(x + 10, y + 14, name)]
