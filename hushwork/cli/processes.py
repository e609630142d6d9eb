"""The processes of one network on one machine: started, listened to, and ended without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from hushwork.cli import janitor
from hushwork.cli.report import Report

COMMAND = (sys.executable, "-m", "hushwork.cli")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ChildDied(Exception):
    """A process of the network ended by itself."""

    def __init__(self, child: Child) -> None:
        self.child = child
        super().__init__(f"{child.name} ended with code {child.process.returncode}")


class Child:
    """One role in a process of its own; its errors go to a log, its reports come here."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        self.report = Report("starting")
        self.address = ""
        """URL that it serves at; empty until it does."""
        with log.open("wb") as errors:
            self.process = subprocess.Popen(  # noqa: S603
                [*COMMAND, *arguments, "--lines"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                process_group=0,
                env=os.environ | dict.fromkeys(ONE_THREAD, "1"),
            )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        stream = self.process.stdout
        for line in stream or ():
            self.report = msgspec.json.decode(line, type=Report)
            self.address = self.report.address or self.address

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def last_lines(self, count: int = 12) -> str:
        """The end of its log."""
        with self.log.open(errors="replace") as lines:
            return "".join(deque(lines, count)).rstrip()


class Household:
    """All children, their run directory, and a janitor who cleans up even if we are killed."""

    def __init__(self, directory: Path | None = None) -> None:
        """Make a temporary directory unless one is given, which is kept."""
        self.directory = directory or Path(tempfile.mkdtemp(prefix="hush-"))
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.children: list[Child] = []
        doomed = [] if directory else [str(self.directory)]
        reading, writing = os.pipe()
        self._janitor = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", janitor.__file__, *doomed],
            stdin=reading,
            start_new_session=True,
        )
        os.close(reading)
        self._pids = os.fdopen(writing, "w")

    def start(self, name: str, arguments: Sequence[str]) -> Child:
        """Start one role."""
        child = Child(name, arguments, self.directory / f"{name.replace(' ', '-')}.log")
        self.children.append(child)
        self._pids.write(f"{child.process.pid}\n")
        self._pids.flush()
        return child

    def close(self) -> None:
        """End all children and remove what they left. Waits until it is done."""
        self._pids.close()
        while self._janitor.poll() is None:
            for child in self.children:
                child.process.poll()
            time.sleep(0.02)

    def __enter__(self) -> Household:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
