"""Decoding of ONNX tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from hushwork.errors import InvalidNetwork, MalformedBytes


def decode(tensor: onnx.TensorProto) -> NDArray[Any]:
    """A tensor as an array of finite numbers. Raises MalformedBytes or InvalidNetwork."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise InvalidNetwork(f"tensor {tensor.name}", expected="data in the file", got="external")
    try:
        array: NDArray[Any] = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        expected = "a tensor with as many elements as its shape"
        raise MalformedBytes(f"tensor {tensor.name}", expected=expected, got=error) from None
    if array.dtype.kind not in "fiub":
        raise InvalidNetwork(f"tensor {tensor.name}", expected="real numbers", got=array.dtype)
    if not np.isfinite(array).all():
        raise InvalidNetwork(f"tensor {tensor.name}", expected="finite numbers", got="NaN or Inf")
    return array
