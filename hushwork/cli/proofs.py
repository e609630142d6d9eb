"""`hush publish` and `hush prove`: proofs of runs, as files."""

from __future__ import annotations

import secrets
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hushwork.cli import options
from hushwork.cli.customer import follow, follow_layers
from hushwork.cli.published import PUBLICATION, VAULT, beside
from hushwork.cli.report import LineReporter, progress_bars
from hushwork.cli.screen import duration, size
from hushwork.cli.tasks import images_for, own_images
from hushwork.errors import InvalidInput
from hushwork.guarantee import Progress
from hushwork.networks import Network, PlainRun, open_network
from hushwork.networks.integers import IntegerNetwork, quantise, quantise_input, run
from hushwork.proved import Bound, Findings, Owner, Vault, publish
from hushwork.proved.owner import LOG_DOMAIN, Tell
from hushwork.proved.shared import model_path, vault_path
from hushwork.subnet.images import prepare

PHASES = {
    "quantising": "turning weights into bytes",
    "choosing parameters": "choosing parameters",
    "committing": "committing to the weights",
    "proving that weights are small": "proving that the weights are small",
    "verifying": "verifying",
}
CALIBRATION = 512
"""Images by which a network is quantised."""

Data = Annotated[str | None, typer.Option(help="Images to quantise by: a folder, an .npz or .npy.")]
LogDomain = Annotated[
    int, typer.Option(min=12, max=20, help="Larger: proofs are smaller, and take more time.")
]


def publish_model(  # noqa: PLR0917 - options
    model: Annotated[str, typer.Argument(help="An ONNX file, or the name of a shipped network.")],
    out: Annotated[Path | None, typer.Option(help="Publication; MODEL.model by default.")] = None,
    vault: options.Vault = None,
    data: Data = None,
    shared: options.Shared = None,
    log_domain: LogDomain = LOG_DOMAIN,
    lines: options.Lines = False,
) -> None:
    """Quantise a network, commit to its weights, and prove that the commitment is well formed."""
    network = open_network(model)
    kept, path = vault or beside(model, VAULT), out or beside(model, PUBLICATION)
    if shared is not None:
        shared.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept, path = vault_path(shared, network), model_path(shared, network)
    with progress_bars(Console(stderr=True)) as bars:
        progress = LineReporter().progress if lines else follow(bars, PHASES)
        owner, facts = _publish(network, kept, data, log_domain, progress)
    path.write_bytes(owner.publication.to_bytes())
    if not lines:
        Console().print(_published(owner, path, facts))


def prove(  # noqa: PLR0917 - options
    model: Annotated[str, typer.Argument(help="An ONNX file, a shipped network, or a vault.")],
    image: Annotated[Path, typer.Argument(help="A picture, or an .npy array.")],
    out: Annotated[Path | None, typer.Option(help="Evidence; IMAGE.proof by default.")] = None,
    vault: options.Vault = None,
    data: Data = None,
    tell: Annotated[
        str, typer.Option(help="output, class or commitment: what it tells.")
    ] = "output",
    hide: Annotated[bool, typer.Option("--hide", help="Do not tell the input.")] = False,
    nonce: Annotated[str, typer.Option(help="Of whoever asks, in hex; random by default.")] = "",
    hotkey: Annotated[str, typer.Option(help="Whose proof it is.")] = "",
    log_domain: LogDomain = LOG_DOMAIN,
) -> None:
    """Run a network, and prove what came out. The model is published first, if it is not."""
    with progress_bars(Console(stderr=True)) as bars:
        progress = follow(bars, PHASES)
        owner = _owner(model, vault, data, log_domain, progress)
        x = whole_input(owner, image)
        bound, steps = Bound(_nonce(nonce), hotkey), follow_layers(bars)
        started = perf_counter()
        hidden = owner.commit_input(x) if hide else None
        epoch, claim, _ = owner.prove(
            x, bound=bound, tell=_tell(tell), hidden=hidden, progress=steps
        )
        seconds = perf_counter() - started
    path = out or image.with_suffix(".proof")
    evidence = owner.evidence(epoch, claim)
    path.write_bytes(evidence.to_bytes())
    Console().print(findings_table(Findings(owner.model, claim)))
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_row("proof", f"{size(len(claim.proof))}, {duration(seconds)}")
    facts.add_row("evidence", f"{path}, {size(path.stat().st_size)}: hush verify {path}")
    Console().print(facts)


def whole_input(owner: Owner, path: Path) -> NDArray[np.int32]:
    """A picture, or an array in the network's own numbers, in the model's integers."""
    architecture = owner.model.architecture
    height, width, channels = architecture.shape
    if path.suffix == ".npy":
        shape = (channels, height, width)
        x = _array(path, shape)
    else:
        x = prepare(path, (channels, height, width))
    flat = height == width == 1
    batch = x.reshape(1, channels) if flat else x.reshape(1, channels, height, width)
    whole: NDArray[np.int32] = quantise_input(architecture, batch)[0].astype(np.int32)
    return whole


def _array(path: Path, shape: tuple[int, ...]) -> NDArray[np.float64]:
    try:
        x = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InvalidInput("input", expected="an .npy array", got=error) from None
    if x.size != np.prod(shape) or not np.issubdtype(x.dtype, np.number):
        raise InvalidInput("input", expected=f"numbers of shape {shape}", got=x.shape)
    return np.asarray(x, np.float64).reshape(shape)


def _owner(
    model: str, vault: Path | None, data: str | None, log_domain: int, progress: Progress
) -> Owner:
    path = vault or (Path(model) if model.endswith(VAULT) else beside(model, VAULT))
    if path.is_file():
        return Owner(Vault(path))
    owner, _ = _publish(open_network(model), path, data, log_domain, progress)
    return owner


def _publish(
    network: Network, vault: Path, data: str | None, log_domain: int, progress: Progress
) -> tuple[Owner, str]:
    if vault.exists():
        raise InvalidInput("vault", expected="a new file", got=str(vault))
    images = np.asarray(_calibration(network, data)[:CALIBRATION])
    whole = quantise(network, images, progress)
    owner = publish(whole, vault, log_domain=log_domain, progress=progress)
    return owner, agreement(network, whole, images)


def _calibration(network: Network, data: str | None) -> NDArray[np.float64]:
    """Images to quantise by: an array of the owner's own, or those of the data set."""
    if data is not None and data.endswith(".npy"):
        return own_images(Path(data), network.input_shape)
    return images_for(network, data)


def agreement(network: Network, whole: IntegerNetwork, images: NDArray[np.float64]) -> str:
    """How often whole numbers give the label that floats give."""
    plain = PlainRun(network, threads=1)(images).argmax(1)
    same = run(whole, quantise_input(whole.architecture, images)).argmax(1) == plain
    return f"{same.mean():.1%} of {len(images)} images get the label of the float network"


def _tell(text: str) -> Tell:
    match text:
        case "output" | "class" | "commitment":
            return text
    raise InvalidInput("--tell", expected="output, class or commitment", got=text)


def _nonce(text: str) -> bytes:
    if not text:
        return secrets.token_bytes(16)
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise InvalidInput("--nonce", expected="hex", got=text) from None


def _published(owner: Owner, path: Path, facts: str) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    model, vault = owner.model, owner.vault
    table.add_row("model", f"{model.architecture.name} {model.digest.hex()}")
    table.add_row("integers", facts)
    rows = model.scheme.code
    table.add_row("commitment", f"{rows[1]} rows, codewords of 2^{rows[0]}, {rows[2]} queries")
    table.add_row("soundness", f"{model.scheme.soundness['all']:.1f} bits proven, a proof")
    table.add_row("publication", f"{path}, {size(path.stat().st_size)}: give it to anybody")
    if vault is not None:
        table.add_row("vault", f"{vault.path}: keep it; {vault.left} proofs are left in it")
    return table


def findings_table(findings: Findings) -> Table:
    """What a proof shows."""
    table = Table.grid(padding=(0, 2, 0, 0))
    model, bound = findings.model, findings.claim.bound
    hidden = "weights hidden" if model.root else "weights public"
    table.add_row("model", f"{model.architecture.name}, {hidden}")
    table.add_row("", model.digest.hex())
    shape = "x".join(map(str, model.architecture.shape))
    table.add_row("input", f"{shape}, {'told' if findings.input is not None else 'not told'}")
    label = Text(findings.label, style="bold green") if findings.label else "not told"
    table.add_row("label", label)
    if (output := findings.output) is not None:
        order = np.argsort(-output, kind="stable")[:3]
        names = model.architecture.labels
        table.add_row("largest", ", ".join(f"{names[i]} {output[i]:.3f}" for i in order))
    table.add_row("nonce", bound.nonce.hex() or "none")
    if bound.hotkey:
        table.add_row("hotkey", bound.hotkey)
    return table
