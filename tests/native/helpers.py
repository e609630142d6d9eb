"""Parameters far too small to be secure, and vectors to put into them."""

from __future__ import annotations

import numpy as np

from hushwork import _native as native

LOG_N = 6
SEED = bytes(range(32))
SCALE = 2.0**36


def small_parameters(log_n: int, bits: tuple[int, ...] = (50, 36, 36, 36)) -> native.Parameters:
    primes = native.find_primes(log_n, [*bits, 50, 50])
    moduli, special = primes[: len(bits)], primes[len(bits) :]
    return native.Parameters.insecure(log_n, moduli, special, [(len(bits), 2, 2)])


def vector(size: int, seed: int = 0) -> native.Array:
    return np.random.default_rng(seed).uniform(-1, 1, size)
