"""Running other programs: with a limit, a log, and every figure shown as it arrives."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Timer

import msgspec

from benchmarks.figures import Figure, parse

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "benchmarks"

Show = Callable[[Figure], None]


def _silent(_: Figure) -> None:
    """Show nothing."""


class Unavailable(Exception):
    """A library cannot be measured here; the message says why."""


def tool(name: str, reason: str) -> str:
    """The path of a program. Raises Unavailable, with the reason, where it is missing."""
    path = shutil.which(name)
    if path is None:
        raise Unavailable(reason)
    return path


def run(
    command: Sequence[object],
    log: Path,
    seconds: float,
    show: Show = _silent,
    *,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> tuple[Figure, ...]:
    """Run a program and read its figures. Raises Unavailable where it fails or takes too long."""
    log.parent.mkdir(parents=True, exist_ok=True)
    words, variables = [str(word) for word in command], _environment(environment or {})
    with log.open("w") as errors:
        try:
            process = subprocess.Popen(
                words, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=errors, text=True
            )
            figures = _read(process, seconds, show)
        except (OSError, msgspec.MsgspecError) as error:
            raise Unavailable(f"{words[0]}: {error}") from None
    if process.returncode != 0:
        raise Unavailable(_reason(process.returncode, log, seconds))
    return figures


def _read(process: subprocess.Popen[str], seconds: float, show: Show) -> tuple[Figure, ...]:
    timer = Timer(seconds, process.kill)
    timer.start()
    figures: tuple[Figure, ...] = ()
    try:
        for line in process.stdout or ():
            new = parse([line])
            figures += new
            for figure in new:
                show(figure)
        process.wait()
    finally:
        process.kill()
        timer.cancel()
    return figures


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Ours, without what would lead a peer into our own environment."""
    ours = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    return ours | dict(extra)


def _reason(code: int, log: Path, seconds: float) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    said = next((line for line in reversed(lines) if line), "no message")
    how = f"killed by signal {-code}, or over {seconds:.0f} s" if code < 0 else f"exit code {code}"
    return f"{said[:200]} ({how})"
