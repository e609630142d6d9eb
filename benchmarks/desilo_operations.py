"""Times of desilofhe's operations. Run by `desilo.py` in the peer's environment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import desilofhe
import numpy as np

LEVELS = {15: 15, 16: 20}
"""Levels by log2 of the degree; the library picks the degree from the levels."""

SECONDS, STEPS = 2.0, range(1, 9)


def measure(work: Callable[[], Any]) -> list[float]:
    """Seconds of each run, for a while."""
    work()
    seconds: list[float] = []
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS or len(seconds) < 5:
        run = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - run)
    return sorted(seconds)


def report(log_degree: int, threads: int) -> None:
    """One JSON line for each operation, on the standard output."""
    engine = desilofhe.Engine(max_level=LEVELS[log_degree], mode="parallel", thread_count=threads)
    if engine.slot_count != 1 << (log_degree - 1):
        raise SystemExit(f"{LEVELS[log_degree]} levels came with {engine.slot_count} slots")
    secret = engine.create_secret_key()
    keys = [engine.create_fixed_rotation_key(secret, step) for step in STEPS]
    relinearization = engine.create_relinearization_key(secret)
    values = np.sin(np.arange(engine.slot_count))
    plain, ciphertext = engine.encode(values), engine.encrypt(values, secret)
    square = values * values
    operations: dict[str, tuple[Callable[[], Any], int, Any]] = {
        "rotation": (lambda: engine.rotate(ciphertext, keys[0]), 1, np.roll(values, -1)),
        "hoisted": (lambda: engine.rotate_many(ciphertext, keys), len(keys), np.roll(values, -8)),
        "plain": (lambda: engine.multiply(ciphertext, plain), 1, square),
        "product": (lambda: engine.multiply(ciphertext, ciphertext, relinearization), 1, square),
    }
    for name, (work, each, expected) in operations.items():
        result = work()
        result = result[-1] if isinstance(result, list) else result
        error = np.abs(engine.decrypt(result, secret) - expected).max()
        if error > 1e-3:
            raise SystemExit(f"{name}: off by {error}")
        seconds = measure(work)
        figure = {
            "name": name,
            "log_degree": log_degree,
            "threads": threads,
            "median": seconds[len(seconds) // 2] / each,
            "best": seconds[0] / each,
            "runs": len(seconds),
        }
        print(json.dumps(figure), flush=True)


def main() -> None:
    for log_degree in LEVELS:
        for threads in (1, 2):
            report(log_degree, threads)


if __name__ == "__main__":
    main()
