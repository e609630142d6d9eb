"""Run as a module in a process of its own: evaluates what it is given, and prints digests.

`python -m tests.native.kernel_work KEYS CIPHERTEXT` reads two files made under
`small_parameters(LOG_N)`, and prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path

from hushwork import _native as native
from hushwork.errors import InvalidParameters
from tests.native.helpers import SCALE, SEED, small_parameters, vector

LOG_N = 9
ROTATION = 5


def digests(keys: bytes, ciphertext: bytes) -> dict[str, object]:
    parameters = small_parameters(LOG_N)
    secret = native.SecretKey.insecure_from_seed(parameters, SEED)
    evaluator = native.Evaluator(parameters, native.EvaluationKeys.from_bytes(parameters, keys))
    weighted = evaluator.rescale(evaluator.multiply_plain(ciphertext, vector(1 << LOG_N), SCALE))
    rotated = evaluator.rotate(weighted, ROTATION)
    difference = evaluator.subtract(evaluator.add(rotated, rotated), weighted)
    squared = evaluator.rescale(evaluator.multiply(difference, difference))
    outputs = [weighted, rotated, difference, squared]
    return {
        "kernel": native.kernel(),
        "ciphertexts": [sha256(output).hexdigest() for output in outputs],
        "decrypted": sha256(secret.decrypt(squared).tobytes()).hexdigest(),
    }


def main(keys: str, ciphertext: str) -> dict[str, object]:
    try:
        return digests(Path(keys).read_bytes(), Path(ciphertext).read_bytes())
    except InvalidParameters as error:
        return {"refused": str(error), "available": str(error.expected).split(" or ")}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
