"""`hush prove` and `hush verify` as commands, as a user waits for them.

python -m benchmarks.proofs.commands lenet5-mnist [--called lenet5]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.miner import timed
from benchmarks.proofs.networks import opened
from benchmarks.proofs.ours import figure
from hushwork.cli.tasks import images_for

RUNS = 7


def hush(folder: Path, *words: str) -> float:
    """Seconds of a command. Raises CalledProcessError."""
    command = [sys.executable, "-m", "hushwork.cli", *words]
    work = timed(lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True))
    return work[1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proofs.commands")
    parser.add_argument("network", help="by name")
    parser.add_argument("--called", default="proof", help="what its figures are called")
    arguments = parser.parse_args()
    name = arguments.network
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        np.save(folder / "image.npy", np.asarray(images_for(opened(name), None)[0]))
        hush(folder, "publish", name)
        prove = [hush(folder, "prove", name, "image.npy") for _ in range(RUNS)]
        verify = [hush(folder, "verify", "image.proof") for _ in range(RUNS)]
    for what, seconds in (("prove", prove), ("verify", verify)):
        one = figure(f"{arguments.called}_{what}_command", seconds)
        print(msgspec.json.encode(one).decode(), flush=True)


if __name__ == "__main__":
    main()
