"""What a gateway knows of the miners: who offers what, and who is best."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from hushwork.errors import HushworkError, MalformedBytes, TooLarge, UnknownManifest
from hushwork.guarantee import MANIFEST_LIMIT, Manifest
from hushwork.ledger import Ledger, Neuron
from hushwork.subnet.messages import ModelInfo
from hushwork.subnet.pace import Pace, pace, shown_by
from hushwork.subnet.state import Row
from hushwork.wire import Hotkey, Offers, SignedClient, decode, encode, within

_ASK_SECONDS = 5.0
_EMPTY_SECONDS = 0.5
_ASKED_AT_ONCE = 8
_OFFERS = 16
"""Most offers of one miner that are looked at,"""
_MODELS = 1000
"""and of models that are listed."""
_NAMED = 4
"""Most manifests that are named to who asks for another."""
_VALIDATORS = 8
"""Most validators that are asked."""


@dataclass(frozen=True)
class Limits:
    """What a manifest may ask a gateway to carry, in bytes."""

    hello: int
    request: int
    response: int


@dataclass(frozen=True)
class Listing:
    """One reading of all offers."""

    manifests: Mapping[str, Manifest]
    miners: Mapping[str, tuple[Neuron, ...]]
    """Digest of a manifest -> who offers it, best judged first."""
    judgement: Mapping[int, float]
    """By uid."""
    pace: Pace

    def models(self) -> tuple[ModelInfo, ...]:
        """Those of the best judged miners first; by manifest where they are equal."""
        order = sorted(self.manifests, key=lambda d: (-self.judgement[self.miners[d][0].uid], d))
        return tuple(self._info(digest) for digest in order[:_MODELS])

    def _info(self, digest: str) -> ModelInfo:
        miners = self.miners[digest]
        judged = (self.pace.get((digest, miner.hotkey)) for miner in miners)
        seconds = next((found for found in judged if found is not None), None)
        return info_of(self.manifests[digest], len(miners), seconds)


def info_of(manifest: Manifest, miners: int, seconds: float | None) -> ModelInfo:
    """A line of the listing."""
    network, guarantee = manifest.network, manifest.guarantee
    return ModelInfo(manifest.digest, network, guarantee, manifest.network_digest, miners, seconds)


def judgement(
    neurons: Sequence[Neuron], weights: Mapping[int, Mapping[int, int]]
) -> Mapping[int, float]:
    """What the validators say of each uid now: their weights, by their stake."""
    found = {neuron.uid: 0.0 for neuron in neurons}
    for validator in neurons:
        row = weights.get(validator.uid, {}) if validator.validator_permit else {}
        for uid in row.keys() & found.keys():
            found[uid] += validator.stake * row[uid] / sum(row.values())
    return found


def _most_staked(neurons: Sequence[Neuron]) -> list[Neuron]:
    """The validators that are asked how long an image takes."""
    validators = [neuron for neuron in neurons if neuron.validator_permit]
    return sorted(validators, key=lambda n: (-n.stake, n.uid))[:_VALIDATORS]


class Catalogue:
    """Asks miners what they offer and validators how fast, now and then. Safe from any thread."""

    def __init__(
        self,
        hotkey: Hotkey,
        ledger: Ledger,
        seconds: float,
        allows: Callable[[str], bool],
        most: Limits,
    ) -> None:
        """`seconds`: how long a reading is believed; `allows`: which guarantees are shown."""
        self._most = most
        self._hotkey = hotkey
        self._ledger = ledger
        self._seconds = seconds
        self._allows = allows
        self._manifests: dict[str, Manifest] = {}
        self._listing = Listing({}, {}, {}, {})
        self._read = float("-inf")
        self._lock = threading.Lock()

    def listing(self) -> Listing:
        """What is offered now."""
        with self._lock:
            seconds = self._seconds if self._listing.manifests else _EMPTY_SECONDS
            if time.monotonic() - self._read > seconds:
                self._listing = self._ask_everybody()
                self._read = time.monotonic()
            return self._listing

    def manifest(self, digest: str) -> Manifest:
        """One that is offered. Raises UnknownManifest."""
        manifest = self.listing().manifests.get(digest)
        if manifest is None:
            offered = ", ".join(sorted(self._manifests)[:_NAMED]) or "nothing, as no miner is known"
            raise UnknownManifest("nobody offers this", expected=offered, got=digest[:64])
        return manifest

    def miners(self, digest: str) -> tuple[Neuron, ...]:
        """Who offers a manifest, best judged first; perhaps nobody."""
        return self.listing().miners.get(digest, ())

    def doubt(self) -> None:
        """A miner went away: the next reading is a fresh one."""
        with self._lock:
            self._read = float("-inf")

    def client(self, neuron: Neuron, timeout: float) -> SignedClient:
        """A connection to a miner, under the gateway's own name."""
        fingerprint = neuron.fingerprint
        return SignedClient(
            neuron.url, self._hotkey, neuron.hotkey, fingerprint=fingerprint, timeout=timeout
        )

    def _ask_everybody(self) -> Listing:
        neurons = self._ledger.neurons()
        judged = judgement(neurons, self._ledger.weights())
        asked = [n for n in neurons if n.url and n.hotkey != self._hotkey.address]
        best_first = sorted(asked, key=lambda n: (-judged[n.uid], n.uid))
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
            shown = pool.map(self._ask_validator, _most_staked(asked))
            answers = list(pool.map(self._ask, best_first))
        offered: dict[str, list[Neuron]] = {}
        for neuron, digests in zip(best_first, answers, strict=True):
            for digest in digests:
                offered.setdefault(digest, []).append(neuron)
        self._manifests = {digest: self._manifests[digest] for digest in offered}
        miners = {digest: tuple(who) for digest, who in offered.items()}
        return Listing(self._manifests, miners, judged, pace(chain.from_iterable(shown)))

    def _ask(self, neuron: Neuron) -> list[str]:
        """Manifests that one miner offers and that are allowed; none if it does not answer."""
        try:
            with within(_ASK_SECONDS), self.client(neuron, _ASK_SECONDS) as client:
                offers = decode(Offers, client.get("/offers")).offers[:_OFFERS]
                digests = {offer.manifest for offer in offers if self._allows(offer.guarantee)}
                return [digest for digest in digests if self._known(client, digest)]
        except HushworkError:
            return []

    def _ask_validator(self, neuron: Neuron) -> Sequence[Row]:
        """What one validator shows; nothing if it does not answer."""
        try:
            with within(_ASK_SECONDS), self.client(neuron, _ASK_SECONDS) as client:
                return shown_by(client)
        except HushworkError:
            return ()

    def _known(self, client: SignedClient, digest: str) -> bool:
        if digest not in self._manifests:
            data = client.get(f"/manifests/{digest}", limit=MANIFEST_LIMIT)
            manifest = Manifest.from_bytes(data)
            if manifest.digest != digest:
                raise MalformedBytes("manifest", expected=digest, got=manifest.digest)
            self._check(manifest)
            self._manifests[digest] = manifest
        return self._allows(self._manifests[digest].guarantee)

    def _check(self, manifest: Manifest) -> None:
        """Raise MalformedBytes or TooLarge for what would not travel from here to a customer."""
        decode(ModelInfo, encode(info_of(manifest, miners=1, seconds=None)))
        for what, size, most in (
            ("hello", manifest.hello_limit, self._most.hello),
            ("request", manifest.request_limit, self._most.request),
            ("response", manifest.response_limit, self._most.response),
        ):
            if not 0 <= size <= most:
                raise TooLarge(f"{what} of a manifest", expected=f"at most {most}", got=size)
