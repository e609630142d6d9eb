"""Arrays by name, from a file of a user's."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import InvalidInput


def read_arrays(path: str | Path, what: str, expected: str) -> dict[str, NDArray[Any]]:
    """All of an .npz file. Raises InvalidInput, which says what was expected of what."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise InvalidInput(what, expected=expected, got=error) from None
