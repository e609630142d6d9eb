"""The command line as a process, watched line by line."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from types import TracebackType

REAL = "hushwork.cli"
INSECURE = "tests.cli.insecure_hush"
MARK = "HUSH_TEST_MARK"


def hush(
    *arguments: str, module: str = REAL, seconds: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [sys.executable, "-m", module, *arguments]
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, env=environment, check=False
    )


class Running:
    """A command that goes on; its processes carry a mark, and its temporary files a folder."""

    def __init__(self, folder: Path, *arguments: str, module: str = REAL) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._mark = uuid.uuid4().hex
        environment = {"COLUMNS": "100", "NO_COLOR": "1", "TMPDIR": str(folder), MARK: self._mark}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | environment,
        )
        self._queue: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._queue.put(line.rstrip())

    def wait_for(self, pattern: str, seconds: float = 240.0) -> str:
        """The next line in which this pattern is found."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                said = "\n".join(self.lines)
                raise AssertionError(f"no line with {pattern!r} in:\n{said}") from None
            self.lines.append(line)
            if re.search(pattern, line):
                return line

    def row(self, seconds: float = 240.0) -> list[str]:
        """The cells of the next row of the table."""
        return re.split(r"\s{2,}", self.wait_for(r"^ *miner \d .*\d%", seconds).strip())

    def processes(self) -> dict[int, str]:
        """Living processes with our mark: id and command."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self._mark.encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return found

    def files(self) -> list[str]:
        return [path.name for path in self.folder.iterdir()]

    def end(self, number: signal.Signals, seconds: float = 30.0) -> int:
        """Signal it; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)
