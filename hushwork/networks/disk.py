"""Reading a file that somebody names, under a limit."""

from __future__ import annotations

from pathlib import Path

from hushwork.errors import NotFound, TooLarge


def read_file(path: Path, limit: int) -> bytes:
    """A file's bytes. Raises NotFound or TooLarge."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise TooLarge(str(path), expected=f"at most {limit} bytes", got=size)
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:  # of a name that is none
        raise NotFound(f"cannot read {str(path)!r}: {error}") from None
