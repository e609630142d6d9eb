"""Every kernel of this processor gives the same bits, and no other can be asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hushwork import _native as native
from tests.native.helpers import SCALE, SEED, small_parameters, vector
from tests.native.kernel_work import LOG_N, ROTATION

VARIABLE = "HUSHWORK_KERNEL"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder: Path = tmp_path_factory.mktemp("kernels")
    secret = native.SecretKey.insecure_from_seed(small_parameters(LOG_N), SEED)
    contents = {
        "keys": secret.evaluation_keys({ROTATION: [3]}, relinearisation=[3]),
        "ciphertext": secret.encrypt(vector(1 << LOG_N, 1), SCALE),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in contents]


def work(files: list[str], kernel: str | None) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if kernel is not None:
        environment[VARIABLE] = kernel
    command = [sys.executable, "-m", "tests.native.kernel_work", *files]
    done = subprocess.run(command, env=environment, check=True, capture_output=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_all_kernels_give_the_same_bits(files: list[str]) -> None:
    available = work(files, "none")["available"]
    assert available[-1] == "portable"
    results = {kernel: work(files, kernel) for kernel in available}
    assert {kernel: result.pop("kernel") for kernel, result in results.items()} == {
        kernel: kernel for kernel in available
    }
    assert len({json.dumps(result) for result in results.values()}) == 1
    assert work(files, None)["kernel"] == available[0]


@pytest.mark.parametrize("kernel", ["none", "", "AVX2"])
def test_a_kernel_that_does_not_exist_is_refused(files: list[str], kernel: str) -> None:
    result = work(files, kernel)
    assert "names no kernel of this processor" in result["refused"]
