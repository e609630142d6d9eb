"""The SDK: an image in, a label out, and nobody in between who saw it.

model = hushwork.connect("http://127.0.0.1:8700").model()
print(model.infer("shoe.png").label)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hushwork.guarantee import Guarantee, Manifest

Array = NDArray[np.float64]
Picture = str | Path | Image.Image | NDArray[Any]
Progress = Callable[[str, int, int], None]
"""(phase, done, total); phases: keys, upload, sealed, waiting, opened."""


@dataclass(frozen=True)
class ModelInfo:
    """One model that a gateway offers."""

    name: str
    guarantee: str
    network_digest: str
    manifest_digest: str
    miners: int


@dataclass(frozen=True, eq=False)
class Result:
    """What came of one image."""

    label: str
    scores: Mapping[str, float]
    """Raw outputs (logits) by label, largest first."""
    output: Array
    """The same as an array, (classes,)."""
    seconds: float
    """From the last request byte to the last answer byte, of the user's own image."""
    bytes_sent: int
    """By this call: requests, and the hello if this call had to send it."""
    bytes_received: int
    who_saw_what: Mapping[str, str]
    """Each party, by name, and what it learned."""
    miner: str
    """Hotkey of the miner that answered."""
    checks: int
    """Images with known answers that were mixed in."""
    checks_passed: int
    trusted: bool
    """All checks passed (also when there were none)."""


class Model:
    """One model behind a gateway, with keys of this process's own. Close it to destroy them."""

    manifest: Manifest

    def infer(self, image: Picture, *, check: int = 0, progress: Progress | None = None) -> Result:
        """Classify one image: a path, a Pillow image or an array.

        Pictures are resized and made grey or RGB as the network asks, values in [0, 1]; nothing
        is inverted. Arrays must have the input shape (or lack only its channel axis of one) and
        lie in [0, 1]; uint8 is divided by 255. Raises InvalidInput otherwise. `check` mixes in
        as many images whose answers are known, in random order; see `Result.checks_passed`.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Destroy the keys, end the session."""

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Door:
    """A connection to a gateway (or straight to a miner: they speak the same protocol)."""

    def models(self) -> tuple[ModelInfo, ...]:
        """What is offered, best scored first."""
        raise NotImplementedError

    def model(self, name: str | None = None, guarantee: str | None = None) -> Model:
        """The first model that has this name or digest; the first of all by default.

        Checks the manifest and makes keys here. Raises UnknownManifest or RefusedManifest.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close all models made here."""


def connect(
    url: str,
    *,
    hotkey: Any = None,
    guarantees: Mapping[str, Guarantee] | None = None,
    insecure_for_tests: bool = False,
) -> Door:
    """Knock at a gateway. Signs with `hotkey`, or with one made for the occasion."""
    raise NotImplementedError
