"""Running peers, and what is said of one that does not run. Nothing is installed here."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from benchmarks import peers
from benchmarks.figures import Figure
from benchmarks.programs import Unavailable, run, tool

HERE = Path(peers.__file__).parent


def python(code: str, log: Path, seconds: float = 60) -> tuple[Figure, ...]:
    return run([sys.executable, "-c", code], log, seconds)


def test_figures_of_a_program_are_shown_and_kept(tmp_path: Path) -> None:
    line = '{"name": "plain", "median": 1.0, "best": 0.5}'
    seen: list[Figure] = []
    command = [sys.executable, "-c", f"print('hello'); print('{line}')"]
    assert run(command, tmp_path / "log", 60, seen.append) == (Figure("plain", 1.0, 0.5),)
    assert seen == [Figure("plain", 1.0, 0.5)]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise SystemExit('no such primes')", r"no such primes \(exit code 1\)"),
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9"),
        ("print('{broken')", "broken|malformed|invalid"),
    ],
)
def test_a_failing_program_is_unavailable_with_its_reason(
    code: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match=reason):
        python(code, tmp_path / "log")


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="over 1 s"):
        python("import time; time.sleep(30)", tmp_path / "log", seconds=1)


def test_a_missing_program_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no Go"):
        tool("surely-not-a-program", "no Go tool chain")
    with pytest.raises(Unavailable, match="surely-not"):
        run([tmp_path / "surely-not"], tmp_path / "log", 1)


def test_a_peer_does_not_see_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "ours")
    python("import os; assert 'VIRTUAL_ENV' not in os.environ", tmp_path / "log")


def test_a_python_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"python2\.3"):
        peers.python_of(((2, 3),))


def test_versions_are_those_that_are_asked_for() -> None:
    versions = {peer.who: peer.version for peer in peers.PEERS}
    assert f"orion-fhe=={versions['orion']}" in peers.ORION_PINS
    assert f"concrete-python=={versions['concrete']}" in peers.CONCRETE_PINS
    assert f"desilofhe=={versions['desilofhe']}" in peers.DESILO_PINS
    assert f"lattigo/v6 v{versions['lattigo']}\n" in (HERE / "lattigo/go.mod").read_text()
    poulpy = re.findall(r'^poulpy.*"=([\d.]+)"', (HERE / "poulpy/Cargo.toml").read_text(), re.M)
    assert set(poulpy) == {versions["poulpy"]}
