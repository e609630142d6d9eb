"""A patch of Zama's VGG-9 under Concrete. Run by `peers.py` in the peer's environment.

Their second convolution with what feeds it and the means that follow: 64 channels, 3x3, weights
and activations of -1, 0 and 1, sums rounded to six bits before each table, an error of 1 % a
table, as in `use_case_examples/cifar/cifar_brevitas_training` of Zama's concrete-ml.
"""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
from concrete import fhe

CHANNELS, SIDE = 64, 6
BITS, ERROR = 6, 0.01
RUNS = 3
LARGEST_DIFFERENCE = 0.2
"""Share of outputs that may differ, since rounding is approximate."""


def block(seed: int) -> tuple[Any, list[Any]]:
    """(1, 64, 6, 6) to (1, 64, 1, 1) by two convolutions and a mean, and its rounders."""
    random = np.random.default_rng(seed)
    first, second = (random.integers(-1, 2, (CHANNELS, CHANNELS, 3, 3)) for _ in range(2))
    rounders = [fhe.AutoRounder(target_msbs=BITS) for _ in range(2)]
    # Where a third of the sums falls on either side.
    threshold = 0.43 * np.sqrt(CHANNELS * 9 * 4 / 9)
    ternary = fhe.univariate(lambda x: (x > threshold).astype(int) - (x < -threshold).astype(int))
    mean = fhe.univariate(lambda x: (x >= 2).astype(int) - (x <= -2).astype(int))

    def activated(x: Any, rounder: Any) -> Any:
        rounded = fhe.round_bit_pattern(
            x, lsbs_to_remove=rounder, exactness=fhe.Exactness.APPROXIMATE
        )
        return ternary(rounded)

    def run(x: Any) -> Any:
        x = activated(fhe.conv(x, first), rounders[0])
        x = activated(fhe.conv(x, second), rounders[1])
        return mean(
            x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]
        )

    return run, rounders


def say(name: str, values: list[float]) -> None:
    """One figure."""
    values = sorted(values)
    figure = {"name": name, "median": values[len(values) // 2], "best": values[0]}
    print(json.dumps(figure | {"runs": len(values)}), flush=True)


def main() -> None:
    run, _ = block(seed=0)
    random = np.random.default_rng(1)
    inputs = [random.integers(-1, 2, (1, CHANNELS, SIDE, SIDE)) for _ in range(100)]
    fhe.AutoRounder.adjust(run, inputs)
    circuit = fhe.Compiler(run, {"x": "encrypted"}).compile(inputs, p_error=ERROR)
    circuit.keygen()
    tables = circuit.programmable_bootstrap_count
    say("concrete_tables", [tables])
    say("concrete_keys", [circuit.size_of_bootstrap_keys + circuit.size_of_keyswitch_keys])
    sealed, seconds = circuit.encrypt(inputs[0]), []
    for _ in range(RUNS):
        start = time.perf_counter()
        answer = circuit.run(sealed)
        seconds.append(time.perf_counter() - start)
    different = float(np.mean(circuit.decrypt(answer) != run(inputs[0])))
    if different > LARGEST_DIFFERENCE:
        raise SystemExit(f"{different:.0%} of Concrete's outputs differ")
    say("concrete_table", [each / tables for each in seconds])


if __name__ == "__main__":
    main()
