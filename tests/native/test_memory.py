"""Want of memory is a MemoryError, and the process works afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

RETURNED = {"MALLOC_MMAP_THRESHOLD_": "65536"}
"""What is freed goes back to the system, so that memory is as scarce as it looks."""

TASKS = ["run", "make_keys", "read_keys", "make_parameters"]
TASKS += ["compile", "compile_many", "compile_combine", "compile_long"]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory")
@pytest.mark.parametrize(
    ("kernel", "tasks"),
    [("portable", ["run"]), ("avx2", ["run"]), ("ifma", ["run"]), (None, TASKS)],
)
def test_scarce_memory_is_an_error_and_not_the_end(kernel: str | None, tasks: list[str]) -> None:
    environment = os.environ | RETURNED | ({} if kernel is None else {"HUSHWORK_KERNEL": kernel})
    command = [sys.executable, "-m", "tests.native.scarce_memory", *tasks]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    result = json.loads(done.stdout)
    if "refused" in result:
        pytest.skip(result["refused"])
    assert result["kernel"] == kernel or kernel is None
    assert result["first use"].startswith("no threads")
    assert {task: endings[0] for task, endings in result["endings"].items()} == dict.fromkeys(
        tasks, "out of memory"
    )
