"""Models that ONNX Runtime runs as they are, language models among them."""

from hushwork.networks.models.embedder import Embedder
from hushwork.networks.models.generator import Generator, Piece
from hushwork.networks.models.opening import NAMES, Model, open_model
from hushwork.networks.models.tensors import OnnxModel, Tensor

__all__ = [
    "NAMES",
    "Embedder",
    "Generator",
    "Model",
    "OnnxModel",
    "Piece",
    "Tensor",
    "open_model",
]
