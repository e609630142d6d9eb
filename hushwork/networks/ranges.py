"""Which inputs keep the values of a network within bounds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper

from hushwork.errors import InvalidNetwork
from hushwork.networks.layers import Network
from hushwork.networks.reference import checked_batch

_BATCH = 32


class Ranges:
    """Looks at values inside a network, on ONNX Runtime. May be shared between threads."""

    def __init__(self, network: Network, bounds: Mapping[str, float], threads: int = 0) -> None:
        """`bounds`: magnitudes by the name of a value. Raises InvalidNetwork."""
        self._bounds = {network.output: np.inf, **bounds}
        self._shape = network.input_shape
        model = onnx.load_model_from_string(network.onnx)
        self._input = next(entry.name for entry in model.graph.input if entry.name == network.input)
        shown = {entry.name for entry in model.graph.output}
        model.graph.output.extend(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
            for name in self._bounds
            if name not in shown
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own have no common base
            raise InvalidNetwork(f"{network.name} has no values {list(bounds)}: {error}") from None
        self._batch = 1 if self._session.get_inputs()[0].shape[0] == 1 else _BATCH

    def __call__(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Whether each of (n, *input_shape) stays within all bounds. Raises InvalidInput."""
        batch = checked_batch(x, self._shape).astype(np.float32)
        starts = range(0, len(batch), self._batch)
        return np.concatenate([self._holds(batch[i : i + self._batch]) for i in starts])

    def _holds(self, batch: NDArray[np.float32]) -> NDArray[np.bool_]:
        values = self._session.run(list(self._bounds), {self._input: batch})
        holds = np.ones(len(batch), dtype=bool)
        for value, bound in zip(values, self._bounds.values(), strict=True):
            # NaN is not within any bound.
            holds &= (np.abs(value.reshape(len(batch), -1)) <= bound).all(axis=1)
        return holds
