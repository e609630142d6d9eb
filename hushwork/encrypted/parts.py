"""Long arrays a part at a time, on several cores: what is made on the way stays in cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

PART = 1 << 18
"""Elements of a part."""
THREADS = min(4, os.cpu_count() or 1)


def on_all_cores(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What the work gives for each item; numpy releases the interpreter's lock."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))


def in_parts(work: Callable[[slice], None], count: int) -> None:
    """Do the work on each part of so many elements."""
    parts = [slice(start, min(start + PART, count)) for start in range(0, count, PART)]
    if len(parts) < 2:
        for part in parts:
            work(part)
    else:
        on_all_cores(work, parts)
