"""Rounds over real HTTP: what is scored, what is shown, and what goes wrong without harm."""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time

import httpx
import msgspec
import numpy as np
import pytest

from hushwork.errors import InsecureGuarantee, Interrupted, NotRegistered
from hushwork.guarantee import Input, Progress
from hushwork.subnet import Miner, MinerSettings, Snapshot, Validator, ValidatorSettings
from hushwork.subnet.courier import peer_of
from hushwork.wire import SignedClient
from tests.insecure_plain import (
    HangingWorker,
    InsecureClient,
    InsecurePlain,
    InsecureSession,
    InsecureWorker,
)
from tests.subnet.town import Town, is_at_work, make_task, tiny_network, wait_until


class Slow(InsecureWorker):
    seconds = 0.2

    def run(
        self, session: InsecureSession, request: bytes, progress: Progress | None = None
    ) -> bytes:
        time.sleep(self.seconds)
        return super().run(session, request, progress)


class LessSlow(Slow):
    seconds = 0.1


class Garbage(InsecureWorker):
    def run(
        self, session: InsecureSession, request: bytes, progress: Progress | None = None
    ) -> bytes:
        return super().run(session, request, progress)[::-1]


class Surrogate(InsecureWorker):
    def answer(self, image: np.ndarray) -> np.ndarray:
        return 0.95 * super().answer(image)


def address(miner: Miner) -> str:
    return miner._hotkey.address


def weights_of(town: Town) -> dict[int, int]:
    [weights] = town.ledger.weights().values()
    return weights


def test_scores_and_weights_tell_miners_apart(town: Town) -> None:
    fast = town.miner("fast", LessSlow(tiny_network()))
    slow = town.miner("slow", Slow(tiny_network()))
    garbage = town.miner("garbage", Garbage(tiny_network()))
    surrogate = town.miner("surrogate", Surrogate(tiny_network()))
    town.gateway()
    validator = town.validator()
    validator.run_round()
    rows = {row.hotkey: row for row in validator.snapshot.rows}
    assert set(rows) == {address(miner) for miner in (fast, slow, garbage, surrogate)}
    assert rows[address(fast)].agreement == rows[address(slow)].agreement == 1.0
    assert rows[address(slow)].seconds is not None
    assert 0.2 <= rows[address(slow)].seconds < 0.5
    assert rows[address(slow)].score == pytest.approx((40 / rows[address(slow)].seconds) ** 3)
    assert rows[address(fast)].weight > 0.5 > rows[address(slow)].weight > 0
    assert rows[address(garbage)].last_error == "malformed_bytes"
    assert rows[address(garbage)].last_label == ""
    assert rows[address(surrogate)].last_error == "wrong_answer"
    assert rows[address(surrogate)].last_label != ""
    assert rows[address(garbage)].score == rows[address(surrogate)].score == 0.0
    paid = {rows[address(miner)].uid for miner in (fast, slow)}
    assert set(weights_of(town)) == paid


def test_time_is_that_of_the_job_alone(town: Town) -> None:
    """Neither the upload of keys nor the validator's own work is priced."""

    class SlowToGreet(InsecureWorker):
        def greet(self, hello: bytes | memoryview) -> tuple[InsecureSession, bytes]:
            time.sleep(0.5)
            return super().greet(hello)

    class SlowClient(InsecureClient):
        def seal(self, x: Input) -> bytes:
            time.sleep(0.2)
            return super().seal(x)

    class SlowPlain(InsecurePlain):
        def client(self, *accepted: object) -> InsecureClient:
            return SlowClient(*accepted[:1])  # type: ignore[arg-type]

    town.miner("miner", SlowToGreet(tiny_network()))
    settings = ValidatorSettings(images=2)
    validator = town.validator(settings=settings, guarantee=SlowPlain())
    validator.run_round()
    [row] = validator.snapshot.rows
    assert row.seconds is not None
    assert row.seconds < 0.15


def test_jobs_of_one_host_do_not_overlap(town: Town) -> None:
    spans: list[tuple[float, float]] = []

    class Watched(InsecureWorker):
        def run(
            self, session: InsecureSession, request: bytes, progress: Progress | None = None
        ) -> bytes:
            start = time.monotonic()
            time.sleep(0.02)
            response = super().run(session, request, progress)
            spans.append((start, time.monotonic()))
            return response

    for name in "abc":
        town.miner(name, Watched(tiny_network()))
    town.validator(settings=ValidatorSettings(images=2)).run_round()
    assert len(spans) == 6
    spans.sort()
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_keys_are_new_in_every_round_and_dead_after_it(town: Town) -> None:
    made: list[InsecureClient] = []

    class Recording(InsecurePlain):
        def client(self, *accepted: object) -> InsecureClient:
            made.append(super().client(*accepted))  # type: ignore[arg-type]
            keys.append(made[-1].key)
            return made[-1]

    keys: list[bytes] = []
    town.miner("miner")
    validator = town.validator(guarantee=Recording())
    validator.run_round()
    validator.run_round()
    assert len(made) == len(set(keys)) == 2
    assert all(client.closed for client in made)
    assert list((town.folder / "validator" / "blobs").iterdir()) == []


def test_no_score_appears_while_keys_live(town: Town) -> None:
    alive: list[InsecureClient] = []

    class Recording(InsecurePlain):
        def client(self, *accepted: object) -> InsecureClient:
            alive[:] = [super().client(*accepted)]  # type: ignore[arg-type]
            return alive[0]

    town.miner("miner")
    validator = town.validator(guarantee=Recording())
    history = sqlite3.connect(town.folder / "validator" / "history.db", check_same_thread=False)

    def look(snapshot: Snapshot) -> None:
        if alive and not alive[0].closed:
            assert snapshot.rows == ()
            assert history.execute("select count(*) from answers").fetchone() == (0,)
            looked.append(snapshot.phase)

    looked: list[str] = []
    validator._board._on_change = look
    validator.run_round()
    assert "jobs" in looked
    assert len(validator.snapshot.rows) == 1


def test_a_miner_killed_in_mid_job_is_a_failure_and_the_others_are_scored(town: Town) -> None:
    dying = town.miner("dying", HangingWorker(tiny_network()))
    honest = town.miner("honest")
    validator = town.validator()

    def kill() -> None:
        wait_until(lambda: is_at_work(dying))
        dying.close()
        town.stops["dying"]()

    killer = threading.Thread(target=kill)
    killer.start()
    validator.run_round()
    killer.join()
    rows = {row.hotkey: row for row in validator.snapshot.rows}
    assert rows[address(honest)].agreement == 1.0
    assert rows[address(dying)].score == 0.0
    assert rows[address(dying)].last_error in {"interrupted", "unreachable"}


def test_a_known_miner_that_stays_away_fails_and_a_stranger_is_not_counted(town: Town) -> None:
    miner = town.miner("miner")
    validator = town.validator()
    validator.run_round()
    town.stops["miner"]()
    town.ledger.serve(town.join("ghost").address, "http://127.0.0.1:9")
    validator.run_round()
    [row] = validator.snapshot.rows
    assert (row.hotkey, row.agreement, row.last_error) == (address(miner), 0.5, "unreachable")


def test_a_miner_that_takes_too_long_fails(town: Town) -> None:
    town.miner("miner", Slow(tiny_network()))
    settings = ValidatorSettings(images=2, job_seconds=0.05)
    validator = town.validator(settings=settings)
    validator.run_round()
    [row] = validator.snapshot.rows
    assert (row.agreement, row.score, row.last_error) == (0.0, 0.0, "unreachable")


def test_a_miner_that_refuses_the_validator_is_a_failure(town: Town) -> None:
    town.miner("miner", settings=MinerSettings(minimum_stake=1 << 60))
    validator = town.validator()
    validator.run_round()
    [row] = validator.snapshot.rows
    assert row.last_error == "under_staked"


def test_stopping_destroys_the_keys_and_records_nothing(town: Town) -> None:
    made: list[InsecureClient] = []

    class Recording(InsecurePlain):
        def client(self, *accepted: object) -> InsecureClient:
            made.append(super().client(*accepted))  # type: ignore[arg-type]
            return made[-1]

    hanging = town.miner("miner", HangingWorker(tiny_network()))
    validator = town.validator(guarantee=Recording())
    stop = threading.Event()
    thread = threading.Thread(target=validator.run, args=(stop,))
    thread.start()
    wait_until(lambda: is_at_work(hanging))
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert [client.closed for client in made] == [True]
    assert list((town.folder / "validator" / "blobs").iterdir()) == []
    assert validator.snapshot.rows == ()
    with pytest.raises(Interrupted):
        validator.run_round(stop)
    hanging.close()


def test_closing_ends_a_round_too(town: Town) -> None:
    hanging = town.miner("miner", HangingWorker(tiny_network()))
    validator = town.validator()
    thread = threading.Thread(target=validator.run, args=(threading.Event(),))
    thread.start()
    wait_until(lambda: is_at_work(hanging))
    validator.close()
    thread.join(10)
    assert not thread.is_alive()
    hanging.close()


def test_rounds_go_on_and_are_shown(town: Town) -> None:
    town.miner("miner")
    settings = ValidatorSettings(images=1, pause_seconds=0.01)
    validator = town.validator(settings=settings)
    stop = threading.Event()
    thread = threading.Thread(target=validator.run, args=(stop,))
    thread.start()
    phases = set()
    for snapshot in validator.changes(timeout=10.0):
        phases.add(snapshot.phase)
        if snapshot.scored_rounds == 2:
            break
    stop.set()
    thread.join(5)
    assert phases >= {"idle", "weights"}
    assert validator.snapshot.round >= 2
    assert list(validator.changes(timeout=0.01)) == [validator.snapshot]


def test_scores_are_open_to_anybody(town: Town) -> None:
    town.miner("miner")
    validator = town.validator()
    validator.run_round()
    url = town.url(validator._hotkey.address)
    served = msgspec.json.decode(httpx.get(f"{url}/scores").content, type=Snapshot)
    assert served == validator.snapshot
    assert served.scored_rounds == 1


def test_history_survives_a_restart_and_holds_no_inputs(town: Town) -> None:
    town.miner("miner")
    validator = town.validator()
    validator.run_round()
    town.stops["validator"]()
    again = town.validator()
    assert again.snapshot.round == 1
    again.run_round()
    assert again.snapshot.round == 2
    rows = sqlite3.connect(town.folder / "validator" / "history.db").execute(
        "select * from answers"
    )
    assert len(rows.fetchall()) == 8


def test_a_validators_blobs_are_for_registered_readers_and_for_nobody_to_write(
    town: Town,
) -> None:
    validator = town.validator()
    hotkey = validator._hotkey.address
    stranger = town.caller("stranger", town.url(hotkey), hotkey, stake=0)
    with pytest.raises(NotRegistered):
        stranger.get(f"/blobs/{'0' * 64}")
    reader: SignedClient = town.caller("reader", town.url(hotkey), hotkey)
    with pytest.raises(Exception, match="no such route"):
        reader.put_blob(b"something")


def test_all_names_of_this_machine_are_one_host(town: Town) -> None:
    town.miner("miner")
    [neuron] = town.ledger.neurons()
    urls = ("http://127.0.0.1:1", "http://localhost:2", "http://127.0.0.7:3", "http://[::1]:4")
    hosts = {peer_of(msgspec.structs.replace(neuron, url=url)).host for url in urls}
    assert len(hosts) == 1
    far = msgspec.structs.replace(neuron, url="https://198.51.100.7:5000")
    assert peer_of(far).host == "198.51.100.7"


def test_a_validator_refuses_guarantees_for_tests(town: Town) -> None:
    with pytest.raises(InsecureGuarantee):
        Validator(
            hotkey=town.join("v"),
            ledger=town.ledger,
            tasks=[make_task()],
            directory=town.folder / "v",
        )
