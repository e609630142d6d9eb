"""Where a published model is: in the file named, in the shared folder, or beside the network."""

from __future__ import annotations

from pathlib import Path

from hushwork.guarantee import Guarantee


def beside(model: str, suffix: str) -> Path:
    """Where `hush publish` leaves a model's "vault", or its "model", if it is told nothing."""
    path = Path(model)
    return path.with_suffix(f".{suffix}") if path.suffix == ".onnx" else Path(f"{model}.{suffix}")


def place_of(
    model: str, promise: Guarantee, suffix: str, file: Path | None, shared: Path | None
) -> Path | None:
    """What `Guarantee.worker` and `Guarantee.judge` are to look at."""
    if not promise.proves:
        return shared
    return file or shared or beside(model, suffix)
