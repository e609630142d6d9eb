"""Other provers of networks: exact versions, how they are installed, what they are given."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from benchmarks.figures import Figure
from benchmarks.peers import OLDER_PYTHONS, Peer, folder_of, install_python, log_of, python_of
from benchmarks.programs import Show, Unavailable, run, tool
from benchmarks.proofs.networks import LENET5, VGG9, opened
from hushwork.cli.tasks import images_for
from hushwork.networks import PlainRun

HERE = Path(__file__).parent
JSTPROVE_PINS, EZKL_PINS = ("JSTprove==2.1.0",), ("ezkl==23.0.5",)
MEASURE_SECONDS = 900
MEMORY = 22 << 30
"""Bytes of address space: more would stop the machine, not the peer."""
DEFAULTS: dict[str, dict[str, Any]] = {
    "Conv": {"dilations": [1, 1], "group": 1, "pads": [0] * 4, "strides": [1, 1]},
    "MaxPool": {"dilations": [1, 1], "ceil_mode": 0, "pads": [0] * 4, "strides": [1, 1]},
    "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0},
}
"""Attributes that ONNX lets one leave out, and a peer asks for."""


def explicit(data: bytes) -> onnx.ModelProto:
    """The same network with every attribute written out, for one image at a time."""
    model = onnx.load_model_from_string(data)
    for node in model.graph.node:
        found = {attribute.name for attribute in node.attribute}
        missing = {k: v for k, v in DEFAULTS.get(node.op_type, {}).items() if k not in found}
        node.attribute.extend(helper.make_attribute(*item) for item in missing.items())
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    return model


def case(name: str, folder: Path) -> Path:
    """Write a network, an input and what it gives into a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    network = opened(name)
    image = np.asarray(images_for(network, None)[:1])
    numbers = {"input": image.ravel().tolist(), "output": PlainRun(network)(image)[0].tolist()}
    (folder / "case.json").write_text(json.dumps(numbers))
    path = folder / "network.onnx"
    onnx.save_model(explicit(network.onnx), path)
    return path


def _measure(who: str, name: str, called: str, show: Show) -> tuple[Figure, ...]:
    limited = [tool("prlimit", "no prlimit on this machine"), f"--as={MEMORY}"]
    folder = folder_of(who) / called
    script = [HERE / f"{who}_network.py", case(name, folder), called]
    command = [*limited, folder_of(who) / "bin/python", *script]
    log = log_of(who, called)
    return run(command, log, MEASURE_SECONDS, show, folder=folder)


def _install_jstprove() -> None:
    if shutil.which("mpiexec") is None:
        raise Unavailable("no Open MPI on this machine: apt-get install openmpi-bin libopenmpi-dev")
    install_python("jstprove", python_of(OLDER_PYTHONS), JSTPROVE_PINS)


def _install_ezkl() -> None:
    install_python("ezkl", python_of(OLDER_PYTHONS), EZKL_PINS)


JSTPROVE = (
    "jstprove",
    "2.1.0",
    "source-available",
    "Expander's GKR, Hyrax over BN254; no zero knowledge",
)
EZKL = ("ezkl", "23.0.5", "source-available", "Halo2 with KZG, scale 2^13; needs a trusted set-up")


def _both(about: tuple[str, str, str, str], install: Callable[[], None]) -> tuple[Peer, Peer]:
    """The peer on LeNet-5 and on VGG-9."""
    who, version, licence, what = about
    return (
        Peer(who, version, licence, what, install, partial(_measure, who, LENET5, "lenet5")),
        Peer(f"{who}-vgg9", version, licence, what, install, partial(_measure, who, VGG9, "vgg9")),
    )


PEERS = {
    "jstprove": _both(JSTPROVE, _install_jstprove),
    "ezkl": _both(EZKL, _install_ezkl),
}
"""Each on both networks."""
