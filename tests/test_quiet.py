"""Importing the package opens no connection and leaves no file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_plain_run_neither_calls_home_nor_leaves_files(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if "TELEMETRY" not in key}
    script = "from hushwork.networks import PlainRun; PlainRun"
    subprocess.run(
        [sys.executable, "-c", script],
        env=environment | {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        check=True,
    )
    assert list(tmp_path.iterdir()) == []
