"""A PostgreSQL server of the tests' own, gone afterwards; skips where none is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database on a socket in a folder of its own."""
    if not (programs := _programs()):
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="hush-pg-"))
    user = _owner(folder)
    data = folder / "data"
    try:
        _run(user, programs / "initdb", "-D", data, "-A", "trust", "-U", "hush", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _run(
            user,
            programs / "pg_ctl",
            "-D",
            data,
            "-l",
            folder / "log",
            "-w",
            "-o",
            options,
            "start",
        )
        yield f"postgresql+psycopg://hush@/postgres?host={folder}"
    finally:
        _run(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Where they are: on the path, or where Debian puts them."""
    found = shutil.which("initdb") or next(Path("/usr/lib/postgresql").glob("*/bin/initdb"), None)
    return Path(found).parent if found else None


def _owner(folder: Path) -> str | None:
    """The server refuses to run as root; its package brings a user for it."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, "postgres")
    return "postgres"


def _run(user: str | None, *command: str | Path, check: bool = True) -> None:
    subprocess.run(command, user=user, check=check, capture_output=True, cwd="/", timeout=60)
