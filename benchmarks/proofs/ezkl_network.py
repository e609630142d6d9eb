"""A network under EZKL: `ezkl_network.py MODEL.onnx NAME`, in the peer's environment.

case.json in the working directory holds an input and the output. Weights are private, input
and output public, scales 2^13, as many rows as it asks for. The SRS is made here and not by a
ceremony: its size decides the time, not its trust.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezkl

RUNS, VERIFIED, SCALE = 3, 7, 13
MODEL, SETTINGS, SRS, VERIFY, PROVE = "network.ezkl", "settings.json", "srs", "vk", "pk"
LARGEST_ERROR = 0.05
"""Of an output, as a part of their range."""
INPUT, WITNESS, PROOF = "input.json", "witness.json", "proof.json"


def say(name: str, values: list[float]) -> None:
    values = sorted(values)
    figure = {"name": name, "median": values[len(values) // 2], "best": values[0]}
    print(json.dumps(figure | {"runs": len(values)}), flush=True)


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    if work() is False:
        raise SystemExit("it refused")
    return time.perf_counter() - start


def set_up(model: str) -> dict[str, float]:
    """Seconds of each step before the first proof."""
    arguments = ezkl.PyRunArgs()
    arguments.input_visibility = "public"
    arguments.param_visibility = "private"
    arguments.output_visibility = "public"
    arguments.input_scale = arguments.param_scale = SCALE
    ezkl.gen_settings(model, SETTINGS, arguments)
    ezkl.calibrate_settings(INPUT, model, SETTINGS, "resources", scales=[SCALE])
    compiled = timed(lambda: ezkl.compile_circuit(model, MODEL, SETTINGS))
    rows = json.loads(Path(SETTINGS).read_text())["run_args"]["logrows"]
    print(f"2^{rows} rows", file=sys.stderr, flush=True)
    return {
        "srs": timed(lambda: ezkl.gen_srs(SRS, rows)),
        "setup": compiled + timed(lambda: ezkl.setup(MODEL, VERIFY, PROVE, SRS)),
    }


def check(plain: list[float]) -> None:
    """That the circuit computes the network."""
    (rescaled,) = json.loads(Path(WITNESS).read_text())["pretty_elements"]["rescaled_outputs"]
    pairs = zip(map(float, rescaled), plain, strict=True)
    error = max(abs(a - b) for a, b in pairs) / (max(plain) - min(plain))
    if error > LARGEST_ERROR:
        raise SystemExit(f"its outputs are off by {error:.1e} of the range")


def verified(name: str) -> None:
    """Check the proof, by the part of the SRS that this takes, and say how long it is."""
    verify = lambda: ezkl.verify(PROOF, SETTINGS, VERIFY, SRS, True)  # noqa: E731
    say(f"{name}_verify", [timed(verify) for _ in range(VERIFIED)])
    path = Path(PROOF)
    say(f"{name}_proof_size", [float(len(json.loads(path.read_text())["proof"]))])
    say(f"{name}_evidence_size", [float(path.stat().st_size)])


def main() -> None:
    model, name = sys.argv[1:]
    case = json.loads(Path("case.json").read_text())
    Path(INPUT).write_text(json.dumps({"input_data": [case["input"]]}))
    for step, seconds in set_up(model).items():
        say(f"{name}_{step}", [seconds])
    say(f"{name}_witness", [timed(lambda: ezkl.gen_witness(INPUT, MODEL, WITNESS))])
    check(case["output"])
    prove = lambda: ezkl.prove(WITNESS, MODEL, PROVE, PROOF, SRS)  # noqa: E731
    say(f"{name}_prove", [timed(prove) for _ in range(RUNS)])
    verified(name)
    say(f"{name}_key_size", [float(Path(PROVE).stat().st_size)])
    say(f"{name}_memory", [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0])


if __name__ == "__main__":
    main()
