"""The worker's half: a compiled network, and the evaluation keys of its sessions."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hushwork._native import (
    EvaluationKeys,
    Evaluator,
    Parameters,
    Program,
    release_memory,
)
from hushwork.encrypted.answer import period
from hushwork.encrypted.bounds import within
from hushwork.encrypted.interleave import lifted
from hushwork.encrypted.manifest import (
    NAME,
    VERSION,
    Body,
    answer_bytes,
    hello_bytes,
    join,
    keys_of,
    parted,
    request_bytes,
    to_table,
)
from hushwork.encrypted.parameters import log2_range
from hushwork.encrypted.plan import Plan
from hushwork.errors import UnknownSession
from hushwork.guarantee import Manifest, Progress
from hushwork.networks import Network

PRECISION = 5e-3
"""What an answer may be off by, relative to the largest output: measured, with room."""


class EncryptedSession:
    """The expanded evaluation keys of one client."""

    def __init__(self, keys: EvaluationKeys) -> None:
        self._keys: EvaluationKeys | None = keys

    @property
    def keys(self) -> EvaluationKeys:
        """Raises UnknownSession once closed."""
        if self._keys is None:
            raise UnknownSession("this session has ended")
        return self._keys

    def close(self) -> None:
        """Let go of the keys, and of the memory that held them: it may be gigabytes."""
        self._keys = None
        release_memory()


class EncryptedWorker:
    """Computes on ciphertexts of one network. Thread-safe."""

    def __init__(self, network: Network, plan: Plan) -> None:
        """Encode the weights of a plan of this network; the worker keeps none of them twice."""
        self.plan = plan.bare
        self._parameters = _parameters(plan)
        inputs = [(plan.request_limbs, plan.request_scale)] * len(plan.gather)
        self._period = period(plan.scatter)
        steps = [lifted(step, plan.images) for step in plan.steps]
        sent = plan.request_period * plan.images
        self._program = Program(self._parameters, inputs, steps, plan.results, sent)
        self._manifest = self._offer(network)

    @property
    def manifest(self) -> Manifest:
        """What this worker offers."""
        return self._manifest

    @property
    def program(self) -> Program:
        """The native program."""
        return self._program

    def greet(self, hello: bytes | memoryview) -> tuple[EncryptedSession, bytes]:
        """Expand a client's keys. Raises TooLarge, MissingKey, InvalidBytes, ParameterMismatch."""
        keys = EvaluationKeys.from_bytes(self._parameters, keys_of(self._manifest, hello))
        self._program.check_keys(keys)
        return EncryptedSession(keys), b""

    def run(
        self, session: EncryptedSession, request: bytes, progress: Progress | None = None
    ) -> bytes:
        """Compute one answer. Raises InvalidBytes, ParameterMismatch or UnknownSession."""
        limit = self._manifest.request_limit
        ciphertexts = parted("request", request, len(self.plan.gather), limit)
        watch = None if progress is None else self._watch(progress)
        results = self._program.run(session.keys, ciphertexts, watch)
        evaluator = Evaluator(self._parameters)
        period = self._period * self.plan.images
        return join([evaluator.project(result, period) for result in results])

    def _watch(self, progress: Progress) -> Callable[[int, int, int], None]:
        names = self.plan.names

        def watch(step: int, done: int, total: int) -> None:
            progress(names[min(step, len(names) - 1)], done, total)

        return watch

    def _offer(self, network: Network) -> Manifest:
        plan, program, parameters = self.plan, self._program, self._parameters
        scatter = plan.scatter[:, : self._period]
        sent = len(plan.gather), plan.request_period * plan.images
        body = Body(
            version=VERSION,
            parameters=parameters.to_bytes(),
            request_limbs=plan.request_limbs,
            request_scale=plan.request_scale,
            request_period=plan.request_period,
            gather=to_table(plan.gather),
            rotations=dict(sorted(program.rotations.items())),
            relinearisation=program.relinearisation,
            response_scale=plan.output_scale,
            response_period=self._period,
            scatter=to_table(scatter),
            output_shape=network.output_shape,
            factor=plan.factor,
            output_range=2.0 ** log2_range() / plan.factor,
            precision=PRECISION,
            plan=plan.digest,
        )
        keys = hello_bytes(parameters, program.rotations, program.relinearisation)
        return Manifest(
            guarantee=NAME,
            network=network.name,
            network_digest=network.digest,
            input_shape=network.input_shape,
            labels=network.labels,
            hello_limit=keys,
            request_limit=request_bytes(parameters, sent, plan.request_limbs),
            response_limit=answer_bytes(parameters, (len(scatter), self._period * plan.images)),
            bounds=within(plan.bounds, network.bounds),
            images=plan.images,
            body=msgspec.msgpack.encode(body),
        )


def _parameters(plan: Plan) -> Parameters:
    return Parameters(plan.log_n, plan.moduli, plan.special, plan.tiers)
