"""What a model's owner does with it: publish it, and prove its runs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from hushwork._native import Commitment, Proved, Prover, Scheme
from hushwork.networks.integers import IntegerNetwork
from hushwork.proved.evidence import (
    Bound,
    Claim,
    Class,
    Committed,
    Epoch,
    Evidence,
    Input,
    Numbers,
    Outcome,
)
from hushwork.proved.publication import (
    PUBLICATION_LIMIT,
    VERSION,
    Hidden,
    Model,
    Public,
    Publication,
    decode,
)
from hushwork.proved.vault import Openings, Vault

Integers = NDArray[np.int32]
Progress = Callable[[str, int, int], None]
Tell = Literal["output", "class", "commitment"]

LOG_DOMAIN = 16
"""Codewords have 2^16 rows: longer ones take more time and make smaller proofs."""
SEED = 32
STEPS = {
    "epoch": "counting an opening",
    "run": "running the network",
    "commitment": "committing to the run",
    "look-ups": "showing its look-ups",
    "layers": "showing its layers",
    "opening": "opening commitments",
}
"""Of a proof, by the names that the native half has for them."""


def silent(_phase: str, _done: int, _total: int) -> None:
    """Progress that nobody hears of."""


def publish(
    network: IntegerNetwork,
    vault: Path,
    *,
    log_domain: int = LOG_DOMAIN,
    progress: Progress = silent,
) -> Owner:
    """Commit to a network's weights, and keep what proofs need in a new vault.

    Raises FileExistsError, InvalidNetwork or InsecureParameters.
    """
    progress("choosing parameters", 0, 3)
    scheme = Scheme.choose(network.architecture.to_bytes(), True, log_domain)
    return _publish(network, scheme, vault, progress)


def _publish(network: IntegerNetwork, scheme: Scheme, vault: Path, progress: Progress) -> Owner:
    architecture, weights = network.architecture.to_bytes(), flat_parameters(network)
    secret, seed = scheme.weights(weights), secrets.token_bytes(SEED)
    progress("committing", 1, 3)
    root = scheme.commit(secret, seed)
    progress("proving that weights are small", 2, 3)
    hidden = Hidden(root.pinned, scheme.prove_publication(secret, root))
    progress("proving that weights are small", 3, 3)
    publication = Publication(VERSION, architecture, scheme.parameters, hidden)
    return Owner(Vault.create(vault, publication.to_bytes(), weights, seed))


def publish_parts(
    parts: Sequence[IntegerNetwork], vaults: Sequence[Path], *, log_domain: int = LOG_DOMAIN
) -> list[Owner]:
    """Publish the parts of a network such that each one's output can be the next one's input.

    Raises FileExistsError, InvalidNetwork or InsecureParameters.
    """
    architectures = [part.architecture.to_bytes() for part in parts]
    schemes = Scheme.choose_together(architectures, True, log_domain)
    together = zip(parts, schemes, vaults, strict=True)
    return [_publish(part, scheme, vault, silent) for part, scheme, vault in together]


def publish_openly(network: IntegerNetwork, *, log_domain: int = LOG_DOMAIN) -> Publication:
    """A publication that tells the weights. Raises InvalidNetwork or InsecureParameters."""
    architecture = network.architecture.to_bytes()
    scheme = Scheme.choose(architecture, False, log_domain)
    weights = Public(flat_parameters(network))
    return Publication(VERSION, architecture, scheme.parameters, weights)


def flat_parameters(network: IntegerNetwork) -> bytes:
    """Weights and biases as a Scheme takes them."""
    parts = []
    for one in network.parameters:
        parts += [weight.tobytes() for weight in one.weights]
        parts += [] if one.bias is None else [one.bias.astype("<i4").tobytes()]
    return b"".join(parts)


class Owner:
    """A model and its vault, or a model whose weights are public. Thread-safe."""

    def __init__(self, source: Vault | Publication, ahead: int = 1) -> None:
        """`ahead`: openings that are counted at a time, since counting takes the disk's time.

        Raises NotFound, and what Model raises.
        """
        self._ahead = ahead
        self.vault = source if isinstance(source, Vault) else None
        if isinstance(source, Vault):
            source = Publication.from_bytes(source.publication)
        self.model = Model(source)
        if self.vault is not None:
            self._weights = self.model.scheme.weights(self.vault.weights)
        elif self.model.public is not None:
            self._weights = self.model.public
        else:
            raise ValueError("the weights of a hidden model are in its vault")
        self._lock = threading.Lock()
        self._current: tuple[int, Epoch, Prover] | None = None
        self._counted: Iterator[int] = iter(())

    @property
    def publication(self) -> Publication:
        """What is public of the model."""
        return self.model.publication

    def run(self, x: Integers) -> Integers:
        """Outputs (classes,) of whole numbers (height, width, channels)."""
        return self.model.scheme.run(self._weights, _flat(x))

    def commit_input(self, x: Integers, seed: bytes | None = None, opened: int = 0) -> Commitment:
        """A commitment to an input, by which to prove without telling it.

        seed: that by which another proof committed to the same numbers as its output.
        """
        return self.model.scheme.commit_input(_flat(x), seed or secrets.token_bytes(SEED), opened)

    def prove(
        self,
        x: Integers,
        *,
        bound: Bound = Bound(),  # noqa: B008 - frozen
        tell: Tell = "output",
        hidden: Commitment | None = None,
        seed: bytes | None = None,
        progress: Progress = silent,
    ) -> tuple[Epoch | None, Claim, Proved]:
        """Run the network on whole numbers (height, width, channels), and show what came out.

        hidden: a commitment to x, which is told without one. seed: 32 bytes by which to commit to
        the output. The opening of `bound` is set here. progress: told of `STEPS`; what it raises
        is raised at once, or at the end by the native half.
        Raises BudgetSpent or InvalidProof.
        """
        turn = _turns(progress)
        turn("epoch")
        epoch, prover, index = self._prover()
        bound = Bound(bound.nonce, bound.hotkey, index, bound.segment)
        if tell == "commitment":
            seed = seed or secrets.token_bytes(SEED)
        proved = prover.prove(_flat(x), bound.to_bytes(), tell, hidden, seed, turn)
        progress(STEPS["opening"], len(STEPS), len(STEPS))
        entry: Input = Numbers.of(_flat(x)) if hidden is None else Committed(hidden.pinned)
        claim = Claim(entry, _outcome(proved), bound, proved.proof)
        return epoch, claim, proved

    def evidence(self, epoch: Epoch | None, claim: Claim) -> Evidence:
        """All of it, for anybody."""
        return Evidence.of(self.publication, epoch, claim)

    def _prover(self) -> tuple[Epoch | None, Prover, int]:
        if self.vault is None:
            prover = Prover(self.model.scheme, self._weights, None, self.model.digest)
            return None, prover, 0
        with self._lock:
            index = next(self._counted, None)
            if index is None or self._current is None:
                index, self._current = self._count(self.vault)
            _, epoch, prover = self._current
        return epoch, prover, index

    def _count(self, vault: Vault) -> tuple[int, tuple[int, Epoch, Prover]]:
        openings = vault.open_epoch(self._begin, self._ahead)
        self._counted = iter(openings.indices)
        index = next(self._counted)
        if self._current is None or self._current[0] != openings.number:
            return index, (openings.number, *self._enter(openings))
        return index, self._current

    def _enter(self, openings: Openings) -> tuple[Epoch, Prover]:
        scheme = self.model.scheme
        commitment = scheme.commit(self._weights, openings.seed, openings.indices.start)
        epoch = decode("epoch", Epoch, openings.epoch, PUBLICATION_LIMIT)
        return epoch, Prover(scheme, self._weights, commitment, self.model.digest)

    def _begin(self, root_seed: bytes, opened: int) -> tuple[bytes, bytes]:
        """A fresh commitment, linked to the root: its seed, and what is public of it."""
        scheme, seed = self.model.scheme, secrets.token_bytes(SEED)
        root = scheme.commit(self._weights, root_seed, opened)
        later = scheme.commit(self._weights, seed)
        epoch = Epoch(later.pinned, scheme.prove_link(root, later))
        return seed, msgspec.msgpack.encode(epoch)


def _turns(progress: Progress) -> Callable[[str], None]:
    order = list(STEPS)
    return lambda step: progress(STEPS[step], order.index(step), len(order))


def _flat(x: Integers) -> Integers:
    return np.ascontiguousarray(x, dtype=np.int32).reshape(-1)


def _outcome(proved: Proved) -> Outcome:
    told = proved.outcome
    if isinstance(told, int):
        return Class(told)
    return Committed(told) if isinstance(told, bytes) else Numbers.of(told)
