"""The plain run of a network, on ONNX Runtime: what every guarantee must reproduce."""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike

from hushwork.errors import InvalidNetwork
from hushwork.networks.layers import Array, Network
from hushwork.networks.reference import checked_batch

_BATCH = 256


class PlainRun:
    """A network ready to run in the clear, in float32. May be shared between threads."""

    def __init__(self, network: Network, threads: int = 0) -> None:
        """Load it; `threads` 0 means one for each core. Raises InvalidNetwork."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                network.onnx, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own have no common base
            raise InvalidNetwork(f"ONNX Runtime does not load {network.name}: {error}") from None
        self._shape = network.input_shape
        entry = self._session.get_inputs()[0]
        self._name = entry.name
        self._batch = 1 if entry.shape[0] == 1 else _BATCH

    def __call__(self, x: ArrayLike) -> Array:
        """Run a batch, (n, *input_shape) to (n, classes). Raises InvalidInput."""
        batch = checked_batch(x, self._shape).astype(np.float32)
        starts = range(0, len(batch), self._batch)
        parts = [self._run(batch[start : start + self._batch]) for start in starts]
        return np.concatenate(parts).astype(np.float64)

    def _run(self, batch: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Array:
        output: Array = self._session.run(None, {self._name: batch})[0]
        return output
