"""A network under JSTprove: `jstprove_network.py MODEL.onnx NAME`, in the peer's environment.

case.json in the working directory holds an input and the network's output. Times are those that its
prover prints; a command takes longer, since it starts a Python interpreter first.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

RUNS = 5
JST = Path(sys.executable).with_name("jst")
FILES = {"c": "circuit.txt", "i": "input.json", "o": "output.json", "w": "witness", "p": "proof"}
LARGEST_ERROR = 0.05
"""Of an output, as a part of their range: weights are rounded to 18 bits."""


def say(name: str, values: list[float]) -> None:
    values = sorted(values)
    figure = {"name": name, "median": values[len(values) // 2], "best": values[0]}
    print(json.dumps(figure | {"runs": len(values)}), flush=True)


def jst(step: str, options: str, model: str | None = None) -> tuple[float, float]:
    """Its own seconds, where it says them, and the command's."""
    words = [str(JST), "--no-banner", step, *(["-m", model] if model else [])]
    for option in options:
        words += [f"-{option}", FILES[option]]
    start = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    print(done.stdout, done.stderr, file=sys.stderr)
    if done.returncode != 0:
        raise SystemExit(
            f"{step} failed after {seconds:.0f} s, at {memory() / 1e9:.1f} GB of memory"
        )
    found = re.findall(r"[Tt]ime taken: ([\d.]+)", done.stdout)
    return float(found[-1]) if found else seconds, seconds


def memory() -> float:
    """Most bytes that one of its processes had."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024.0


def check(plain: list[float]) -> None:
    """That the circuit computes the network."""
    answer = json.loads(Path("output.json").read_text())["rescaled_output"]
    error = max(abs(a - b) for a, b in zip(answer, plain, strict=True)) / (max(plain) - min(plain))
    if error > LARGEST_ERROR:
        raise SystemExit(f"its outputs are off by {error:.1e} of the range")


def main() -> None:
    model, name = sys.argv[1:]
    case = json.loads(Path("case.json").read_text())
    Path("input.json").write_text(json.dumps({"input": case["input"]}))
    say(f"{name}_setup", [jst("compile", "c", model)[1]])
    witness = [jst("witness", "ciow")[0] for _ in range(RUNS)]
    check(case["output"])
    proving = [jst("prove", "cwp") for _ in range(RUNS)]
    verifying = [jst("verify", "ciowp") for _ in range(RUNS)]
    say(f"{name}_witness", witness)
    say(f"{name}_prove", [own for own, _ in proving])
    say(f"{name}_prove_command", [command for _, command in proving])
    say(f"{name}_verify", [own for own, _ in verifying])
    say(f"{name}_verify_command", [command for _, command in verifying])
    say(f"{name}_proof_size", [float(Path("proof").stat().st_size)])
    say(f"{name}_memory", [memory()])


if __name__ == "__main__":
    main()
