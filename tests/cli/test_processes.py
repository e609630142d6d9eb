"""Nothing is left behind, whatever ends the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from hushwork.cli import processes
from hushwork.cli.processes import Child, Household
from hushwork.cli.report import Report

ROLE = """
import sys, time
print('{"phase": "compile", "done": 1, "total": 2}', flush=True)
if "die" in sys.argv:
    sys.exit("no such network")
print('{"phase": "miner", "address": "http://127.0.0.1:1"}', flush=True)
if "work" in sys.argv:
    print('{"phase": "convolution1", "done": 1, "total": 9}', flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _fake_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "COMMAND", (sys.executable, "-c", ROLE))


def wait_until(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def is_gone(process: int) -> bool:
    """No such process, or a zombie that nobody has collected."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def test_a_child_reports_where_it_serves() -> None:
    with Household() as house:
        child = house.start("miner 1", ["miner"])
        wait_until(lambda: child.address)
        assert child.report == Report("miner", address="http://127.0.0.1:1")
        assert child.is_running


def test_a_child_that_reports_its_work_serves_where_it_did() -> None:
    with Household() as house:
        child = house.start("miner 1", ["miner", "work"])
        wait_until(lambda: child.report.total == 9)
        assert child.report == Report("convolution1", 1, 9)
        assert child.address == "http://127.0.0.1:1"


def test_closing_ends_the_children_and_removes_the_directory() -> None:
    with Household() as house:
        children = [house.start(f"miner {number}", ["miner"]) for number in range(3)]
        assert house.directory.stat().st_mode & 0o77 == 0
    assert all(is_gone(child.process.pid) for child in children)
    assert not house.directory.exists()


def test_a_directory_of_ones_own_is_kept(tmp_path: Path) -> None:
    with Household(tmp_path / "run") as house:
        house.start("miner 1", ["miner"])
    assert (tmp_path / "run" / "miner-1.log").exists()


def test_a_child_that_died_is_known_with_its_last_words() -> None:
    with Household() as house:
        child: Child = house.start("miner 1", ["miner", "die"])
        wait_until(lambda: not child.is_running)
        assert child.last_lines() == "no such network"
        assert child.process.returncode == 1


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
def test_the_janitor_cleans_up_after_a_parent_that_was_killed() -> None:
    script = f"""
        import sys, time
        from hushwork.cli import processes
        processes.COMMAND = (sys.executable, "-c", {ROLE!r})
        house = processes.Household()
        children = [house.start(name, ["miner"]) for name in ("a", "b")]
        print(house.directory, *(child.process.pid for child in children), flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        directory, *pids = parent.stdout.readline().split()
        assert Path(directory).is_dir()
        os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: all(is_gone(int(pid)) for pid in pids))
    wait_until(lambda: not Path(directory).exists(), 15.0)
