"""Orion's own LeNet under Orion. Run by `orion.py` in the peer's environment."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import orion
import torch
from orion.core.orion import scheme
from orion.models import LeNet

CONFIGURATION = {
    "ckks_params": {
        "LogN": 14,
        "LogQ": [45, 35, 35, 35, 35, 35, 35, 35],
        "LogP": [45, 45],
        "LogScale": 35,
        "RingType": "ConjugateInvariant",
    },
    "orion": {
        "margin": 2,
        "embedding_method": "hybrid",
        "backend": "lattigo",
        "io_mode": "none",
        "debug": False,  # which would decrypt after every layer
    },
}
"""configs/lenet.yaml of Orion's repository."""

RUNS = 5
LARGEST_ERROR = 1e-2
"""Of the range of the outputs."""


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def say(name: str, values: list[float]) -> None:
    """One figure, on the standard output that Orion's own messages do not reach."""
    values = sorted(values)
    figure = {"name": name, "median": values[len(values) // 2], "best": values[0]}
    print(json.dumps(figure | {"runs": len(values)}), file=sys.__stdout__, flush=True)


def key_bytes() -> float:
    """All rotation keys as Lattigo writes them, of which one is written."""
    evaluator = scheme.lt_evaluator
    elements = evaluator.saved_rotation_keys
    key, pointer = scheme.backend.GenerateAndSerializeRotationKey(next(iter(elements)))
    scheme.backend.FreeCArray(pointer)
    return float(len(elements) * len(key))


def one_image(network: Any, image: torch.Tensor, level: int) -> tuple[float, float]:
    """Seconds of the encrypted run, and its error as a part of the range."""
    network.eval()
    expected = network(image)
    ciphertext = orion.encrypt(orion.encode(image, level))
    network.he()
    output, seconds = timed(lambda: network(ciphertext))
    difference = (output.decrypt().decode().flatten()[:10] - expected.flatten()).abs().max()
    return seconds, float(difference / (expected.max() - expected.min()))


def main() -> None:
    torch.manual_seed(0)
    orion.init_scheme(CONFIGURATION)
    network = LeNet()
    network.eval()
    images = torch.rand(RUNS, 1, 28, 28)
    orion.fit(network, images[:1])
    level, seconds = timed(lambda: orion.compile(network))
    say("lenet_compile", [seconds])
    runs = [one_image(network, images[i : i + 1], level) for i in range(RUNS)]
    worst = max(error for _, error in runs)
    if worst > LARGEST_ERROR:
        raise SystemExit(f"Orion's answers are off by {worst:.1e} of the range")
    say("lenet", [seconds for seconds, _ in runs])
    say("lenet_error", [error for _, error in runs])
    say("lenet_memory", [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0])
    say("lenet_keys", [key_bytes()])


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        main()
