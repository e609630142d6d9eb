"""Who serves a model and who judges it, and where what was published of it is.

A model is named by its network, whose vault or publication lies in the file named, in the shared
folder, or beside it; or, by who has no network, as X.vault or X.model itself.
"""

from __future__ import annotations

from pathlib import Path

from hushwork.cli.platforms import development_platform
from hushwork.errors import InvalidInput
from hushwork.guarantee import Guarantee, Judge, Progress, Worker
from hushwork.networks import Network, open_network
from hushwork.networks.models import Model, open_model
from hushwork.proved import ProvedJudge, ProvedWorker
from hushwork.proved.shared import owner_of, publication_of

VAULT, PUBLICATION = ".vault", ".model"
ATTESTED = "attested"


def beside(model: str, suffix: str) -> Path:
    """Where `hush publish` leaves a model's vault, or its publication, if it is told nothing."""
    path = Path(model)
    return path.with_suffix(suffix) if path.suffix == ".onnx" else Path(f"{model}{suffix}")


def is_published(model: str) -> bool:
    """Whether a model is named by its vault or its publication."""
    return Path(model).suffix in {VAULT, PUBLICATION}


def worker_for(
    model: str,
    promise: Guarantee,
    progress: Progress,
    hotkey: str,
    *,
    vault: Path | None,
    shared: Path | None,
    insecure_platform: Path | None = None,
) -> Worker:
    """Who serves a model. Raises NotFound, InvalidInput, and what `Guarantee.worker` raises.

    `insecure_platform`: a folder of a development platform, to be used where no enclave is.
    """
    if is_published(model):
        _require(model, VAULT, promise)
        return ProvedWorker(owner_of(Path(model), progress), hotkey)
    if promise.name == ATTESTED:
        if insecure_platform is not None:
            development_platform(insecure_platform)
        progress("opening the model", 0, 1)
        return promise.worker(open_model(model), progress, insecure_platform, hotkey)
    place = _place(model, promise, VAULT, vault, shared)
    return promise.worker(open_network(model), progress, place, hotkey)


def judge_for(
    model: str,
    promise: Guarantee,
    progress: Progress,
    *,
    publication: Path | None,
    shared: Path | None,
) -> tuple[Judge, Network | Model | None]:
    """Who judges a model, and its network where that is known.

    Raises NotFound, InvalidInput, and what `Guarantee.judge` raises.
    """
    if is_published(model):
        _require(model, PUBLICATION, promise)
        return ProvedJudge(publication_of(Path(model))), None
    if promise.name == ATTESTED:
        progress("opening the model", 0, 1)
        attested = open_model(model, threads=1)
        return promise.judge(attested, progress), attested
    network = open_network(model)
    place = _place(model, promise, PUBLICATION, publication, shared)
    return promise.judge(network, progress, place), network


def _require(model: str, suffix: str, promise: Guarantee) -> None:
    if promise.name != "proved" or Path(model).suffix != suffix:
        expected = f"proved, by a file X{suffix}"
        raise InvalidInput("a published model", expected=expected, got=f"{promise.name}, {model}")


def _place(
    model: str, promise: Guarantee, suffix: str, file: Path | None, shared: Path | None
) -> Path | None:
    """What `Guarantee.worker` and `Guarantee.judge` are to look at."""
    if not promise.proves:
        return shared
    return file or shared or beside(model, suffix)
