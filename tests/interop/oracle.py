"""Lattigo, asked over standard input and output.

Both sides put slot k at exp(2 pi i 5^k / 4N) and write coefficients over 1, X^i + X^-i, so that
slots agree in order and sign without any permutation; only the orders of the transforms differ,
and polynomials are exchanged as coefficients.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.reference.ckks import Ciphertext

SOURCE = Path(__file__).parent / "lattigo"
DOWNLOAD_SECONDS, BUILD_SECONDS, RUN_SECONDS = 120, 240, 60


def build(directory: Path) -> Path:
    """The oracle's executable. Skips the test where Go or the module proxy is missing."""
    if shutil.which("go") is None:
        pytest.skip("no Go tool on this machine: Lattigo cannot be built")
    try:
        _go("mod", "download", seconds=DOWNLOAD_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"Lattigo's modules cannot be fetched: {error}")
    executable = directory / "oracle"
    _go("build", "-buildvcs=false", "-o", str(executable), ".", seconds=BUILD_SECONDS)
    return executable


def _go(*arguments: str, seconds: float) -> None:
    subprocess.run(["go", *arguments], cwd=SOURCE, check=True, capture_output=True, timeout=seconds)


@dataclass(frozen=True)
class Message:
    """Slot values for the oracle to encrypt."""

    values: Sequence[float]
    scale: float
    limbs: int


@dataclass(frozen=True)
class Lattigo:
    """One parameter set and one secret key, in the oracle's hands."""

    executable: Path
    log_n: int
    moduli: Sequence[int]
    secret: Sequence[int]

    def decrypt(self, ciphertexts: Sequence[Ciphertext]) -> list[list[float]]:
        jobs = [{"scale": c.scale, "c0": c.c0, "c1": c.c1} for c in ciphertexts]
        answer: list[list[float]] = self._ask(decrypt=jobs)["decrypted"]
        return answer

    def encrypt(self, messages: Sequence[Message]) -> list[Ciphertext]:
        jobs = [{"values": list(m.values), "scale": m.scale, "limbs": m.limbs} for m in messages]
        return [
            Ciphertext(c["scale"], self.moduli[: len(c["c0"])], c["c0"], c["c1"])
            for c in self._ask(encrypt=jobs)["encrypted"]
        ]

    def _ask(self, **work: Any) -> dict[str, Any]:
        job = {"log_n": self.log_n, "moduli": list(self.moduli), "secret": list(self.secret)}
        done = subprocess.run(
            [self.executable],
            input=json.dumps(job | work),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"Lattigo refused the job: {done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
