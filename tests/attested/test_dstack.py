"""A TDX guest under dstack, by its socket and with a PCCS."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hushwork.attested.platforms import DstackPlatform, find_platform
from hushwork.attested.platforms.dstack import ANSWER_LIMIT, PCCS, SIMULATOR
from hushwork.attested.platforms.quotes import guest_report
from hushwork.errors import HushworkError, MalformedBytes, NotFound, TooLarge, Unreachable
from tests.attested.machines import NOW, Machine, machine
from tests.attested.servers import Dstack, Pccs, on_a_port, on_a_socket
from tests.attested.test_events import BOOT, boot

DATA = bytes(range(100, 164))
DAY = 86400
Told = tuple[int, dict[str, str], bytes]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(SIMULATOR, raising=False)
    monkeypatch.delenv(PCCS, raising=False)


@pytest.fixture
def made() -> Machine:
    return machine("tdx")


@pytest.fixture
def dstack(made: Machine) -> Dstack:
    """Of a guest that has booted as `BOOT` says."""
    log, register = boot()
    registers = (bytes(48), bytes(48), bytes(48), bytes.fromhex(register))

    def quote(data: bytes) -> bytes:
        return made.quote(guest_report(data, registers=registers))

    return Dstack(quote, log.decode())


@pytest.fixture
def socket(dstack: Dstack) -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory() as folder,
        on_a_socket(Path(folder) / "dstack.sock", dstack.handle) as path,
    ):
        yield path


@pytest.fixture
def pccs(made: Machine) -> Pccs:
    return Pccs(made)


@pytest.fixture
def url(pccs: Pccs) -> Iterator[str]:
    with on_a_port(pccs.handle) as url:
        yield url


def test_its_evidence_is_believed(made: Machine, socket: str, url: str, dstack: Dstack) -> None:
    claims = made.examine(DstackPlatform(socket, url).evidence(DATA))
    assert (claims.platform, claims.report_data) == ("tdx", DATA)
    assert claims.events == dict(BOOT)
    assert dstack.asked == [("/GetQuote", {"report_data": DATA.hex()})]


def test_it_can_be_asked_where_an_event_loop_runs(socket: str, url: str) -> None:
    async def ask() -> bytes:
        return DstackPlatform(socket, url).evidence(DATA).collateral

    assert asyncio.run(ask())


def test_a_simulator_may_be_a_url(
    made: Machine, dstack: Dstack, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_a_port(dstack.handle) as endpoint:
        monkeypatch.setenv(SIMULATOR, endpoint)
        monkeypatch.setenv(PCCS, url)
        found = find_platform()
        assert found.name == "dstack"
        assert not found.insecure
        assert made.examine(found.evidence(DATA)).report_data == DATA


def test_without_a_socket_nothing_is_found() -> None:
    with pytest.raises(NotFound, match="dstack"):
        find_platform()


def test_collateral_is_fetched_once_a_day(socket: str, url: str, pccs: Pccs) -> None:
    times = [float(NOW)]
    platform = DstackPlatform(socket, url, clock=lambda: times[-1])
    platform.evidence(DATA)
    times.append(NOW + DAY - 1)
    platform.evidence(DATA)
    assert len(pccs.asked) == 4
    times.append(NOW + DAY)
    platform.evidence(DATA)
    assert len(pccs.asked) == 8


def test_old_collateral_serves_while_no_newer_can_be_had(socket: str, url: str, pccs: Pccs) -> None:
    times = [float(NOW)]
    platform = DstackPlatform(socket, url, clock=lambda: times[-1])
    first = platform.evidence(DATA).collateral
    pccs.is_ill = True
    times.append(NOW + DAY)
    assert platform.evidence(DATA).collateral == first
    asked = len(pccs.asked)
    assert platform.evidence(DATA).collateral == first
    assert len(pccs.asked) == asked, "it does not ask each time"
    pccs.is_ill = False
    times.append(NOW + DAY + 3600)
    assert platform.evidence(DATA).collateral != first


def test_a_pccs_that_is_ill_or_away_is_unreachable(socket: str, url: str, pccs: Pccs) -> None:
    pccs.is_ill = True
    for address in (url, "http://127.0.0.1:9", "nowhere"):
        with pytest.raises(Unreachable):
            DstackPlatform(socket, address).evidence(DATA)


def test_a_pccs_that_knows_no_such_processor_is_unreachable(socket: str) -> None:
    with on_a_port(lambda *_: (404, {}, b"")) as url, pytest.raises(Unreachable):
        DstackPlatform(socket, url).evidence(DATA)


@pytest.mark.parametrize("endpoint", ["/nowhere/dstack.sock", "http://127.0.0.1:9", "http://[", ""])
def test_a_dstack_that_is_away_is_unreachable(endpoint: str) -> None:
    with pytest.raises(Unreachable):
        DstackPlatform(endpoint, fetch=lambda _: b"").evidence(DATA)


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ((500, {}, b"{}"), Unreachable),
        ((302, {"Location": "http://127.0.0.1:9"}, b""), Unreachable),
        ((200, {}, b""), MalformedBytes),
        ((200, {}, b"{}"), MalformedBytes),
        ((200, {}, b'{"quote": "xy"}'), MalformedBytes),
        ((200, {}, b'{"quote": "00", "event_log": 1}'), MalformedBytes),
        ((200, {}, b'{"quote": "0000", "event_log": ""}'), MalformedBytes),
        ((200, {}, b" " * (ANSWER_LIMIT + 1)), TooLarge),
        ((200, {}, b"[" * 100000), MalformedBytes),
    ],
)
def test_a_dstack_that_is_ill_is_refused(
    socket: str, dstack: Dstack, told: Told, error: type[HushworkError]
) -> None:
    dstack.otherwise = told
    with pytest.raises(error):
        DstackPlatform(socket, fetch=lambda _: b"").evidence(DATA)


def test_a_quote_over_something_else_is_refused(socket: str, dstack: Dstack, made: Machine) -> None:
    dstack.make_quote = lambda _: made.quote()
    with pytest.raises(MalformedBytes):
        DstackPlatform(socket, fetch=lambda _: b"").evidence(DATA)
