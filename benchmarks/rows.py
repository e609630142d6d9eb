"""The rows of the table: what is measured, and the goal set for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Key, Measured

_TIMES = ((1, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
_BYTES, _RATIOS = ("_memory", "_keys", "_request", "_answer"), ("_error", "load")
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
    unit = size if figure.name.endswith(_BYTES) else seconds
    return unit(figure.median)


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
    """The value is the ratio of `key` to this one, and the goal is a least one."""

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
        return value <= self.goal if self.over is None else value >= self.goal

    def goal_text(self) -> str:
        """As the table shows it."""
        if self.goal is None:
            return ""
        return f"{'≤' if self.over is None else '≥'} {self.show(self.goal)}"

    def ratio(self, ours: float, theirs: float) -> float | None:
        """How many times the peer's is ours; None for rows that are ratios themselves."""
        return theirs / ours if self.over is None and ours > 0 else None


SIZES = {15: "N=2^15", 16: "N=2^16"}


def _operation(what: str, name: str, log_degree: int, goal: float | None = None) -> Row:
    return Row(f"{what}, {SIZES[log_degree]}", Key(name, log_degree, 1), seconds, goal)


def _two_cores(what: str, name: str, log_degree: int) -> Row:
    goal, one, two = 1.8, Key(name, log_degree, 1), Key(name, log_degree, 2)
    return Row(f"two cores against one, {what}", one, times, goal, two)


NETWORK = (
    Row("LeNet, one image", Key("lenet"), seconds, 0.06),
    Row("LeNet: peak memory", Key("lenet_memory"), size, 0.6e9),
    Row("LeNet: keys on the wire", Key("lenet_keys"), size, 50e6),
    Row("LeNet: compilation", Key("lenet_compile"), seconds, 5),
    Row("LeNet: request", Key("lenet_request"), size, 0.5e6),
    Row("LeNet: answer", Key("lenet_answer"), size, 0.1e6),
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
    Row("two cores against one, LeNet", Key("lenet", 0, 1), times, 1.8, Key("lenet")),
)

ROWS = (*NETWORK, *ONE_CORE, *TWO_CORES)
