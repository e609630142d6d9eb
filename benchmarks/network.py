"""One network, encrypted, end to end on this machine: sizes, times, memory, agreement.

python -m benchmarks.network [vgg9-cifar-10] [--images 200] [--source FOLDER]

The miner is a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.figures import RESULTS
from benchmarks.growing import opened
from benchmarks.miner import mine, timed
from benchmarks.rows import seconds, size
from hushwork.encrypted.samples import samples
from hushwork.errors import BadAnswer, HushworkError
from hushwork.guarantee import Manifest, load
from hushwork.networks import Network, PlainRun, evaluate, sample
from hushwork.networks.data import load as load_data
from hushwork.networks.data import name_of, to_input

LENET, VGG9 = "lenet-fashion-mnist", "vgg9-cifar-10"


def pictures(network: Network, count: int, source: str | None = None) -> Any:
    """Inputs (count, *input_shape): the first test images, or synthetic ones where there are none.

    `source` as for `hushwork.networks.data.load`.
    """
    match name_of(network.labels):
        case "fashion-mnist":
            return to_input(sample()[0][:count])
        case "cifar-10":
            return to_input(load_data("cifar-10", source).test_images[:count])
        case _:
            return np.stack(samples(network, count))


def ask(pipe: Connection, images: Any) -> tuple[list[Any], dict[str, Any]]:
    """The client: outputs of all images, None where an answer is refused, and what was sent."""
    client = load("encrypted").client(Manifest.from_bytes(pipe.recv_bytes()))
    hello, key_seconds = timed(client.hello)
    pipe.send_bytes(hello)
    channel = client.welcome(pipe.recv_bytes())
    outputs: list[Any] = []
    request, response = b"", b""
    for image in track(images, description="encrypted runs", console=Console(stderr=True)):
        request = channel.seal(image)
        pipe.send_bytes(request)
        response = pipe.recv_bytes()
        try:
            outputs.append(channel.open(response).output)
        except BadAnswer:
            outputs.append(None)
    return outputs, {
        "key_seconds": key_seconds,
        "hello_bytes": len(hello),
        "request_bytes": len(request),
        "response_bytes": len(response),
    }


def run(name: str, count: int, source: str | None = None) -> dict[str, Any]:
    """All figures of one network."""
    network = opened(name)
    images = pictures(network, count, source)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    miner = context.Process(target=mine, args=(theirs, name), daemon=True)
    miner.start()
    theirs.close()
    outputs, figures = ask(ours, images)
    ours.send_bytes(b"")
    figures |= json.loads(ours.recv_bytes())
    miner.join()
    plain = PlainRun(network)(images) if network.onnx else evaluate(network, images)
    return figures | agreement(outputs, plain)


def agreement(outputs: Any, plain: Any) -> dict[str, Any]:
    """How far encrypted logits are from plain ones, and how many labels agree."""
    pairs = [(y, wanted) for y, wanted in zip(outputs, plain, strict=True) if y is not None]
    errors = [float(np.abs(y - wanted).max() / np.ptp(wanted)) for y, wanted in pairs]
    return {
        "largest_error": max(errors, default=float("nan")),
        "images": len(plain),
        "refused": len(plain) - len(pairs),
        "same_label": sum(bool(np.argmax(y) == np.argmax(wanted)) for y, wanted in pairs),
    }


def table(name: str, figures: dict[str, Any]) -> Table:
    """The figures as people read them."""
    out = Table("what", "value", title=f"{name}, encrypted, {os.cpu_count()} cores")
    out.columns[1].justify = "right"
    rows = [
        ("compile", seconds(figures["compile_seconds"])),
        ("key generation", seconds(figures["key_seconds"])),
        ("keys unpacked by the miner", seconds(figures["greet_seconds"])),
        ("hello (evaluation keys)", size(figures["hello_bytes"])),
        ("request", size(figures["request_bytes"])),
        ("response", size(figures["response_bytes"])),
        ("peak memory of the miner", size(figures["peak_bytes"])),
        ("one image, median", seconds(figures["median_seconds"])),
        ("one image, slowest", seconds(figures["slowest_seconds"])),
        ("one image on one core", seconds(figures["one_core_seconds"])),
        ("largest logit error, of the range", f"{figures['largest_error']:.1e}"),
        ("answers refused", f"{figures['refused']} of {figures['images']}"),
        ("same label as the plain run", f"{figures['same_label']} of {figures['images']}"),
    ]
    for row in rows:
        out.add_row(*row)
    return out


def keep(name: str, figures: dict[str, Any]) -> None:
    """Write the figures to the results."""
    RESULTS.mkdir(exist_ok=True)
    machine = {"machine": platform.machine(), "cores": os.cpu_count()}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(machine | figures, indent=2) + "\n")


def kept(name: str) -> dict[str, Any] | None:
    """The latest figures of a network, if there are any."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_bytes()) if path.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.network", description=__doc__)
    parser.add_argument("network", nargs="?", default=VGG9, help="by name, or an ONNX file")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--source", help="as for hushwork.networks.data.load")
    arguments = parser.parse_args()
    try:
        figures = run(arguments.network, arguments.images, arguments.source)
    except HushworkError as error:
        raise SystemExit(f"{arguments.network}: {error}") from None
    Console().print(table(arguments.network, figures))


if __name__ == "__main__":
    main()
