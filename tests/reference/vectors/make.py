"""Write the vectors anew: `python -m tests.reference.vectors.make`.

Only when a format changes on purpose, with its version: the old files are what released software
has stored.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from hushwork import _native
from tests.reference import ring
from tests.reference.subject import recover_secret

FOLDER = Path(__file__).parent
LOG_N, SCALE = 4, 2.0**36
PERIOD = 4
TIERS = [(3, 1, 1), (2, 2, 2)]
SEED = bytes(range(32))
MODULI, SPECIAL = ring.primes(16, 40, 3), ring.primes(16, 49, 2)
SECURE_LOG_N, SECURE = 13, ring.primes(1 << 13, 49, 4)


def toy_parameters() -> _native.Parameters:
    return _native.Parameters.insecure(LOG_N, MODULI, SPECIAL, TIERS)


def secure_parameters() -> _native.Parameters:
    return _native.Parameters(SECURE_LOG_N, SECURE[:2], SECURE[2:], [(2, 1, 2)])


def make() -> dict[str, bytes]:
    parameters = toy_parameters()
    key = _native.SecretKey.insecure_from_seed(parameters, SEED)
    values = np.linspace(-1, 1, 16)
    seeded = key.encrypt(values, SCALE)
    evaluator = _native.Evaluator(parameters)
    facts = {"secret": recover_secret(parameters, key), "values": values.tolist()}
    return {
        "parameters.bin": secure_parameters().to_bytes(),
        "insecure_parameters.bin": parameters.to_bytes(),
        "seeded_ciphertext.bin": seeded,
        "ciphertext.bin": evaluator.add_plain(seeded, np.zeros(1)),
        "projected_ciphertext.bin": evaluator.project(seeded, PERIOD),
        "fresh_projected_ciphertext.bin": key.encrypt_projected(values[:PERIOD], SCALE),
        "public_key.bin": key.public_key().to_bytes(),
        "evaluation_keys.bin": key.evaluation_keys({1: [3, 1], 5: [2]}, [3, 2]),
        "facts.json": json.dumps(facts, indent=1).encode(),
    }


if __name__ == "__main__":
    for name, data in make().items():
        (FOLDER / name).write_bytes(data)
