"""The rows of the table: what is measured, and the goal set for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Key, Measured

_TIMES = ((1, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
_BYTES = ("_memory", "_keys", "_request", "_answer", "_size")
_RATIOS, _SHARES, _COUNTS = (
    ("_error", "load"),
    ("_labels", "_plain"),
    ("_tables", "_weights", "_activations", "_adds", "_bits"),
)
_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def seconds(value: float) -> str:
    """In the unit in which three digits read best."""
    return _in_units(value, _TIMES)


def size(value: float) -> str:
    """Bytes, in the unit in which three digits read best."""
    return _in_units(value, _SIZES)


def _in_units(value: float, units: Sequence[tuple[float, str]]) -> str:
    factor, unit = next((each for each in units if value >= each[0]), units[-1])
    return f"{_three(value / factor)} {unit}"


def shown(figure: Figure) -> str:
    """A figure alone, in the unit of its name."""
    if figure.name.endswith(_RATIOS):
        return f"{figure.median:.1e}"
    if figure.name.endswith(_SHARES):
        return share(figure.median)
    if figure.name.endswith(_COUNTS):
        return f"{figure.median:,.0f}"
    unit = size if figure.name.endswith(_BYTES) else seconds
    return unit(figure.median)


def share(value: float) -> str:
    """Of one, in percent."""
    return f"{value:.2%}"


def times(value: float) -> str:
    """A ratio."""
    return f"{_three(value)}x"


def _three(value: float) -> str:
    """Three digits, or all before the point."""
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:,.{digits}f}"


@dataclass(frozen=True)
class Row:
    """One quantity, ours and the peers', beside its goal."""

    what: str
    key: Key
    show: Callable[[float], str]
    goal: float | None = None
    over: Key | None = None
    """The value is the ratio of `key` to this one."""
    least: bool = False
    """Whether the goal is a least value, not a largest one."""

    def value(self, measured: Measured) -> float | None:
        """Of this library, where it was measured."""
        value = measured.value(self.key)
        if self.over is None or value is None:
            return value
        other = measured.value(self.over)
        return None if other is None else value / other

    def met(self, value: float) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        return value >= self.goal if self.least else value <= self.goal

    def goal_text(self) -> str:
        """As the table shows it."""
        if self.goal is None:
            return ""
        return f"{'≥' if self.least else '≤'} {self.show(self.goal)}"

    def ratio(self, ours: float, theirs: float) -> float | None:
        """How many times the peer's is ours; None for rows whose goal is a least value."""
        return theirs / ours if not self.least and ours > 0 else None


SIZES = {15: "N=2^15", 16: "N=2^16"}


def _operation(what: str, name: str, log_degree: int, goal: float | None = None) -> Row:
    return Row(f"{what}, {SIZES[log_degree]}", Key(name, log_degree, 1), seconds, goal)


def _two_cores(what: str, name: str, log_degree: int) -> Row:
    goal, one, two = 1.8, Key(name, log_degree, 1), Key(name, log_degree, 2)
    return Row(f"two cores against one, {what}", one, times, goal, two, least=True)


def _networks(what: str, name: str) -> Row:
    one, two = Key(name, 0, 1), Key(name)
    return Row(f"two cores against one, {what}", one, times, 1.8, two, least=True)


def _network(what: str, prefix: str, goals: Mapping[str, float]) -> tuple[Row, ...]:
    """One image, and what is kept, sent and made ready for it."""
    rows = (
        ("", "one image", seconds),
        ("_memory", "peak memory", size),
        ("_keys", "keys on the wire", size),
        ("_compile", "compilation", seconds),
        ("_request", "request", size),
        ("_answer", "answer", size),
    )
    return tuple(
        Row(f"{what}: {said}", Key(f"{prefix}{name}"), show, goals[said])
        for name, said, show in rows
    )


LENET = _network(
    "LeNet",
    "lenet",
    {
        "one image": 0.06,
        "peak memory": 0.6e9,
        "keys on the wire": 50e6,
        "compilation": 5,
        "request": 0.5e6,
        "answer": 0.1e6,
    },
)

VGG9 = (
    *_network(
        "VGG-9",
        "vgg9",
        {
            "one image": 1,
            "peak memory": 4e9,
            "keys on the wire": 400e6,
            "compilation": 20,
            "request": 1e6,
            "answer": 0.3e6,
        },
    ),
    Row("VGG-9: accuracy, plain", Key("vgg9-cifar-10_plain"), share, 0.887, least=True),
    Row("VGG-9: labels as plain", Key("vgg9-cifar-10_labels"), share, 0.995, least=True),
)

ONE_CORE = (
    _operation("rotation", "rotation", 15, 10e-3),
    _operation("hoisted rotation", "hoisted", 15, 4e-3),
    _operation("plaintext product", "plain", 15, 0.5e-3),
    _operation("multiply-add of one limb", "multiply_add", 15, 2e-6),
    _operation("ciphertext product", "product", 15, 14e-3),
    _operation("rotation", "rotation", 16, 20e-3),
    _operation("hoisted rotation", "hoisted", 16),
    _operation("plaintext product", "plain", 16),
    _operation("ciphertext product", "product", 16),
)

TWO_CORES = (
    _two_cores("rotation, N=2^15", "rotation", 15),
    _two_cores("rotation, N=2^16", "rotation", 16),
    _networks("LeNet", "lenet"),
    _networks("VGG-9", "vgg9"),
)

ROWS = (*VGG9, *LENET, *ONE_CORE, *TWO_CORES)
