"""Proofs of one network by this engine, in a process of its own, so that its memory is its own.

python -m benchmarks.proofs.ours lenet5-mnist [--called lenet5] [--log-domain 16] [--runs 21]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.figures import Figure
from benchmarks.growing import multiply_adds
from benchmarks.miner import timed
from benchmarks.proofs.networks import opened
from hushwork.cli.tasks import fields, images_for
from hushwork.networks import Network, PlainRun
from hushwork.networks.integers import IntegerNetwork, quantise, quantise_input, run
from hushwork.networks.zoo import PROVED
from hushwork.proved import Bound, Evidence, Owner, Vault, publish
from hushwork.proved.evidence import OPENINGS
from hushwork.proved.owner import LOG_DOMAIN
from hushwork.proved.shared import AHEAD

RUNS, WARMING = 21, 2
IMAGES = 64


def figure(name: str, values: Sequence[float]) -> Figure:
    """The median of runs."""
    return Figure(name, statistics.median(values), min(values), len(values))


def inputs(name: str, network: Network) -> Any:
    """Images of its data set for a shipped network, smooth random ones for others."""
    images = images_for(network, None) if name in PROVED else fields(network.input_shape)
    return np.asarray(images[:IMAGES])


def proofs(owner: Owner, whole: IntegerNetwork, x: Any, count: int) -> tuple[Figure, ...]:
    """Times and sizes of so many, each of another input, all verified."""
    proving, verifying, checking = [], [], []
    for index in range(count + WARMING):
        image = x[index % len(x)]
        nonce = Bound(index.to_bytes(16))
        (epoch, claim, _), seconds = timed(lambda i=image, b=nonce: owner.prove(i, bound=b))
        evidence = owner.evidence(epoch, claim)
        _, claimed = timed(lambda e=epoch, c=claim: c.check(owner.model, e.commitment))
        written = evidence.to_bytes()
        findings, checked = timed(lambda b=written: Evidence.from_bytes(b).check())
        expected = run(whole, image[None])[0] * whole.architecture.output_scale
        if not np.array_equal(findings.output, expected):
            raise SystemExit(f"run {index}: proved {findings.output}, expected {expected}")
        if index >= WARMING:
            proving.append(seconds)
            verifying.append(claimed)
            checking.append(checked)
    return (
        figure("prove", proving),
        figure("verify", verifying),
        figure("evidence", checking),
        figure("proof_size", [len(claim.proof)]),
        figure("evidence_size", [len(written)]),
    )


def measure(name: str, log_domain: int, count: int) -> tuple[Figure, ...]:
    """Everything of one network."""
    network = opened(name)
    x = inputs(name, network)
    whole, quantising = timed(lambda: quantise(network, x))
    integers = quantise_input(whole.architecture, x).astype(np.int32)
    plain = PlainRun(network)
    floats = [timed(lambda one=one: plain(one[None]))[1] for one in x]
    with tempfile.TemporaryDirectory() as folder:
        vault = Path(folder) / "vault"
        _, publishing = timed(lambda: publish(whole, vault, log_domain=log_domain))
        owner = Owner(Vault(vault), AHEAD)
        _, first = timed(lambda: owner.prove(integers[0]))
        figures = proofs(owner, whole, integers, min(count, OPENINGS - 2 - WARMING))
        _, checking = timed(owner.publication.check)
    values = whole.architecture.values[1:-1]
    return (
        *figures,
        figure("plain_run", floats),
        figure("quantise", [quantising]),
        figure("publish", [publishing]),
        figure("first", [first]),
        figure("publication", [checking]),
        figure("memory", [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]),
        figure("multiply_adds", [multiply_adds(network)]),
        figure("weights", [sum(w.size for one in whole.parameters for w in one.weights)]),
        figure("activations", [sum(int(np.prod(value.shape)) for value in values)]),
        figure("bits", [owner.model.scheme.soundness["all"]]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proofs.ours", description=__doc__)
    parser.add_argument("network", help="by name, or an ONNX file")
    parser.add_argument("--called", default="proof", help="what its figures are called")
    parser.add_argument("--log-domain", type=int, default=LOG_DOMAIN)
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    for one in measure(arguments.network, arguments.log_domain, arguments.runs):
        named = msgspec.structs.replace(one, name=f"{arguments.called}_{one.name}")
        print(msgspec.json.encode(named).decode(), flush=True)


if __name__ == "__main__":
    main()
