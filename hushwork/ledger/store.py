"""A local ledger in SQLite."""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hushwork.errors import NotRegistered, RefusedExtrinsic
from hushwork.ledger import rules as law
from hushwork.ledger._tables import BondRow, Chain, NeuronRow, WeightRow, open_engine
from hushwork.ledger.rules import Array, Rules
from hushwork.ledger.types import Neuron
from hushwork.wire.hotkeys import is_address
from hushwork.wire.tls import is_loopback

_MOST_STAKE = 1 << 60
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_MOST_HOST = 253
_MOST_URL = 300


class LocalLedger:
    """A `Ledger` in one file, safe from any thread and any process.

    A block passes every `rules.block_seconds` on the clock. Epochs run when somebody looks; those
    that nobody saw pay nothing. Anybody may register anybody, and stake is a gift: it is a ledger
    for one machine.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        rules: Rules | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Open or make the file; in memory without a path. `now` is unix seconds."""
        self._rules = rules or Rules.local()
        self._now = now
        self._lock = threading.Lock()
        self._engine = open_engine(path)
        with self._lock, Session(self._engine) as session, session.begin():
            if session.get(Chain, 0) is None:
                session.add(Chain(genesis=now()))

    def block(self) -> int:
        """Height now; 1 is the first."""
        with self._transaction() as session:
            return self._height(session)

    def register(self, hotkey: str) -> int:
        """Register, or find again; the uid. Raises RefusedExtrinsic."""
        if not is_address(hotkey):
            raise RefusedExtrinsic("hotkey", expected="an ss58 address", got=hotkey[:64])
        with self._transaction() as session:
            known = session.scalar(select(NeuronRow.uid).where(NeuronRow.hotkey == hotkey))
            return self._add(session, hotkey) if known is None else known

    def add_stake(self, hotkey: str, amount: int) -> int:
        """Give stake; all the stake it then has. Raises NotRegistered or RefusedExtrinsic."""
        with self._transaction() as session:
            row = _find(session, hotkey)
            if not 0 < amount <= _MOST_STAKE - row.stake:
                expected = f"1 to {_MOST_STAKE - row.stake} rao"
                raise RefusedExtrinsic("stake", expected=expected, got=amount)
            row.stake += amount
            return row.stake

    def serve(self, hotkey: str, url: str, fingerprint: bytes = b"") -> None:
        """Publish an address. Raises NotRegistered or RefusedExtrinsic."""
        _check_address(url, fingerprint)
        with self._transaction() as session:
            row = _find(session, hotkey)
            row.url, row.fingerprint = url, fingerprint

    def set_weights(self, hotkey: str, weights: Mapping[int, int]) -> None:
        """Replace one neuron's weights. Raises NotRegistered or RefusedExtrinsic."""
        with self._transaction() as session:
            row = _find(session, hotkey)
            block, stake = self._height(session), _stake(session)
            checked = law.check_weights(
                weights,
                size=len(stake),
                permitted=bool(law.permits(stake, self._rules)[row.uid]),
                since=block - row.last_update
                if row.last_update
                else self._rules.weights_rate_limit,
                rules=self._rules,
            )
            row.last_update = block
            session.execute(delete(WeightRow).where(WeightRow.giver == row.uid))
            session.add_all(WeightRow(giver=row.uid, taker=t, value=v) for t, v in checked.items())

    def neurons(self) -> list[Neuron]:
        """Everybody, by uid."""
        with self._transaction() as session:
            permitted = law.permits(_stake(session), self._rules)
            return [_neuron(row, bool(permitted[row.uid])) for row in _rows(session)]

    def neuron(self, hotkey: str) -> Neuron:
        """One neuron. Raises NotRegistered."""
        with self._transaction() as session:
            row = _find(session, hotkey)
            return _neuron(row, bool(law.permits(_stake(session), self._rules)[row.uid]))

    def weights(self) -> dict[int, dict[int, int]]:
        """Weights above zero, by uid of who set them, then of whom they judge."""
        with self._transaction() as session:
            return _weights(session)

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._lock, Session(self._engine) as session, session.begin():
            self._advance(session)
            yield session

    def _height(self, session: Session) -> int:
        elapsed = self._now() - _chain(session).genesis
        return max(1, 1 + int(elapsed / self._rules.block_seconds))

    def _advance(self, session: Session) -> None:
        chain, block = _chain(session), self._height(session)
        epoch = block // self._rules.tempo
        if epoch > chain.epoch:
            chain.epoch = epoch
            self._run_epoch(session, block, _rows(session))

    def _run_epoch(self, session: Session, block: int, rows: list[NeuronRow]) -> None:
        if not rows:
            return
        oldest = block - self._rules.activity_cutoff
        active = {row.uid for row in rows if row.last_update >= oldest}
        weights = {uid: row for uid, row in _weights(session).items() if uid in active}
        bonds = _bonds(session, len(rows))
        epoch = law.run_epoch([row.stake for row in rows], weights, bonds, self._rules)
        _pay(rows, epoch, self._rules)
        _keep_bonds(session, epoch.bonds)

    def _add(self, session: Session, hotkey: str) -> int:
        uid = session.scalar(select(func.count()).select_from(NeuronRow)) or 0
        if uid >= self._rules.neurons:
            raise RefusedExtrinsic("no place left", expected=f"at most {uid} neurons")
        session.add(NeuronRow(uid=uid, hotkey=hotkey))
        return uid


def _chain(session: Session) -> Chain:
    return session.get_one(Chain, 0)


def _rows(session: Session) -> list[NeuronRow]:
    return list(session.scalars(select(NeuronRow).order_by(NeuronRow.uid)))


def _find(session: Session, hotkey: str) -> NeuronRow:
    row = session.scalar(select(NeuronRow).where(NeuronRow.hotkey == hotkey))
    if row is None:
        raise NotRegistered("hotkey", expected="a registered one", got=hotkey[:64])
    return row


def _stake(session: Session) -> list[int]:
    return list(session.scalars(select(NeuronRow.stake).order_by(NeuronRow.uid)))


def _weights(session: Session) -> dict[int, dict[int, int]]:
    weights: dict[int, dict[int, int]] = {}
    for row in session.scalars(select(WeightRow).order_by(WeightRow.giver, WeightRow.taker)):
        weights.setdefault(row.giver, {})[row.taker] = row.value
    return weights


def _bonds(session: Session, size: int) -> Array:
    bonds = np.zeros((size, size))
    for row in session.scalars(select(BondRow)):
        bonds[row.giver, row.taker] = row.value
    return bonds


def _keep_bonds(session: Session, bonds: Array) -> None:
    session.execute(delete(BondRow))
    for giver, taker in zip(*np.nonzero(bonds), strict=True):
        value = float(bonds[giver, taker])
        session.add(BondRow(giver=int(giver), taker=int(taker), value=value))


def _pay(rows: list[NeuronRow], epoch: law.Epoch, rules: Rules) -> None:
    incentive, dividends = law.to_u16(epoch.incentive), law.to_u16(epoch.dividends)
    for row, emission in zip(rows, law.emissions(epoch, rules), strict=True):
        row.incentive, row.dividends = incentive[row.uid], dividends[row.uid]
        row.emission = emission
        row.balance += emission


def _neuron(row: NeuronRow, permitted: bool) -> Neuron:
    return Neuron(
        uid=row.uid,
        hotkey=row.hotkey,
        stake=row.stake,
        validator_permit=permitted,
        url=row.url,
        fingerprint=row.fingerprint,
        incentive=row.incentive,
        dividends=row.dividends,
        emission=row.emission,
        balance=row.balance,
        last_update=row.last_update,
    )


def _check_address(url: str, fingerprint: bytes) -> None:
    expected = "https://HOST:PORT with a SHA-256, or http://LOOPBACK:PORT without"
    if not _is_servable(url, fingerprint):
        raise RefusedExtrinsic("address", expected=expected, got=url[:_MOST_URL])


def _is_host(host: str) -> bool:
    """Whether a host is an IP address, or a name in the letters that names are made of."""
    try:
        return bool(ipaddress.ip_address(host)) and "%" not in host
    except ValueError:
        return len(host) <= _MOST_HOST and _HOST.fullmatch(host) is not None


def _is_servable(url: str, fingerprint: bytes) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    bare = f"{parts.scheme}://{parts.netloc}" == url.rstrip("/") and "@" not in url
    bare &= (":" in host) == ("[" in url)
    if not (bare and port and len(url) <= _MOST_URL and _is_host(host)):
        return False
    if parts.scheme == "https":
        return len(fingerprint) == 32
    return parts.scheme == "http" and not fingerprint and is_loopback(host)
