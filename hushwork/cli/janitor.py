"""Cleans up after a network, whatever ended it. A script of its own, run without the package.

Reads process ids from standard input. When that closes, the process that wrote them is done or
dead: the janitor ends the processes and removes the directory it was given, if it was given one.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time

GRACE_SECONDS = 8.0


def is_alive(process: int) -> bool:
    """Whether a process of this id exists, a zombie included."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def send(processes: list[int], number: signal.Signals) -> None:
    """Signal those that still exist."""
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def wait_for(processes: list[int], seconds: float) -> None:
    """Wait until none exists, at most so long."""
    deadline = time.monotonic() + seconds
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)


def main() -> None:
    """Wait, then clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    processes = [int(line) for line in sys.stdin]
    send(processes, signal.SIGTERM)
    wait_for(processes, GRACE_SECONDS)
    send(processes, signal.SIGKILL)
    wait_for(processes, 1.0)
    for directory in sys.argv[1:]:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
