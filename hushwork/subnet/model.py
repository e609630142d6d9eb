"""One model behind a gateway, as its user holds it, with keys of this process's own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from hushwork.errors import (
    BadAnswer,
    HushworkError,
    InvalidInput,
    StaleEvidence,
    UnknownSession,
)
from hushwork.guarantee import (
    PART_LIMIT,
    Answer,
    Channel,
    Guarantee,
    Input,
    Manifest,
    Prompt,
    StreamingChannel,
)
from hushwork.subnet.draws import fresh_generator
from hushwork.subnet.following import Layers, followed
from hushwork.subnet.images import Picture, prepare
from hushwork.subnet.known import Known
from hushwork.subnet.messages import Serving
from hushwork.subnet.result import Result
from hushwork.subnet.scoring import agrees
from hushwork.wire import SessionReply, SessionRequest, SignedClient, decode, encode

Array = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
"""(phase, done, total); phases: keys, upload, session, waiting, opened."""


@dataclass(frozen=True, eq=False)
class _Job:
    input: Input
    known: Array | None = None
    """What the answer must agree with; None for the user's own image."""


@dataclass
class _Meter:
    sent: int = 0
    received: int = 0


class Model:
    """Seals images, has them computed, opens the answers. One call at a time.

    Close it, or use it as a context manager, to destroy the keys.
    """

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        http: SignedClient,
        manifest: Manifest,
        guarantee: Guarantee,
        known: Known,
        seconds: float | None,
        policy: Path | None = None,
    ) -> None:
        """Raises RefusedManifest if the guarantee does not accept the manifest.

        `seconds` of an image as the gateway tells them; None where nobody has judged yet.
        `policy`: see `Guarantee.client`.
        """
        self.manifest = manifest
        self.seconds = seconds
        self._http = http
        self._guarantee = guarantee
        self._known = known
        self._client = guarantee.client(manifest, policy)
        self._channel: Channel | None = None
        self._hello = b""
        self._uploaded = False
        self._session = ""
        self._closed = False

    def infer(
        self,
        x: Picture | Input,
        *,
        check: int = 0,
        progress: Progress | None = None,
        layers: Layers | None = None,
    ) -> Result:
        """Run one input: for a network that takes numbers an image, which is a path, a Pillow
        image or an array; else a text, or tensors by name.

        Pictures are made grey or RGB and resized as the network asks, nothing is inverted.
        Arrays must have the input shape (a channel axis of one may lack) and lie in [0, 1];
        uint8 is divided by 255. `check` mixes in as many images whose answers are known, in
        random order; see `Result.trusted`. `layers` is told, from another thread, which layer the
        miner says it is at. Raises InvalidInput, Unavailable or BadAnswer.
        """
        if self._closed:
            raise ValueError("this model is closed")
        show = progress or (lambda *_: None)
        own = _Job(self._prepared(x))
        jobs = self._mix(own, check)
        meter = _Meter()
        self._ensure_session(meter, show)
        answers: dict[_Job, tuple[Answer | None, float]] = {}
        for index, job in enumerate(jobs):
            show("waiting", index, len(jobs))
            answers[job] = self._ask(job, meter, show, layers)
            show("opened", index + 1, len(jobs))
        show("waiting", len(jobs), len(jobs))
        return self._result(own, answers, meter)

    def stream(
        self, x: str | Prompt, *, progress: Progress | None = None
    ) -> Generator[str, None, Result]:
        """Have a language model go on with a text: parts as they come; the result is returned.

        Raises InvalidInput, Unavailable or BadAnswer.
        """
        if self._closed:
            raise ValueError("this model is closed")
        if not self.manifest.streams:
            raise InvalidInput("model", expected="one that streams", got=self.manifest.network)
        show, meter = progress or (lambda *_: None), _Meter()
        own = _Job(self._prepared(x))
        self._ensure_session(meter, show)
        started = perf_counter()
        try:
            answer = yield from self._parts(own, meter)
        except (UnknownSession, StaleEvidence) as error:
            self._reopen(error, meter, show)
            answer = yield from self._parts(own, meter)
        return self._result(own, {own: (answer, perf_counter() - started)}, meter)

    def close(self) -> None:
        """Destroy the keys, end the session."""
        if self._closed:
            return
        self._closed = True
        self._client.close()
        self._leave()

    def _leave(self) -> None:
        session, self._session = self._session, ""
        with suppress(HushworkError):
            if session:
                self._http.post(f"/sessions/{session}/close", b"")

    def _prepared(self, x: Picture | Input) -> Input:
        takes = self.manifest.takes
        if takes == "numbers" and not isinstance(x, Mapping | Prompt):
            return prepare(x, self.manifest.input_shape)
        if takes == "text" and isinstance(x, str | Prompt):
            return x
        if takes == "tensors" and isinstance(x, Mapping):
            return x
        raise InvalidInput("input", expected=takes, got=type(x).__name__)

    def _mix(self, own: _Job, check: int) -> Sequence[_Job]:
        """The user's image and the checks, in an order that tells nobody which is which."""
        if check < 0:
            raise ValueError("check must not be negative")
        jobs = [own]
        generator = fresh_generator()
        if check:
            known = self._known(self.manifest.network_digest)
            if known is None:
                raise InvalidInput(
                    "checks", expected="a network with known answers", got=self.manifest.network
                )
            jobs += [_Job(*pair) for pair in known.choose(check, generator)]
        return [jobs[index] for index in generator.permutation(len(jobs))]

    def _ensure_session(self, meter: _Meter, show: Progress) -> None:
        if self._session:
            return
        if not self._hello:
            show("keys", 0, 1)
            self._hello = self._client.hello()
            show("keys", 1, 1)
        show("upload", 0, len(self._hello))
        info = self._http.put_blob(self._hello, lambda done, total: show("upload", done, total))
        asked = SessionRequest(self.manifest.digest, info.digest, "upload")
        show("session", 0, 1)
        opened = decode(SessionReply, self._http.post("/sessions", encode(asked)))
        show("session", 1, 1)
        meter.sent += 0 if self._uploaded else len(self._hello)
        self._uploaded = True
        meter.received += len(opened.reply)
        self._channel = self._client.welcome(opened.reply)
        self._session = opened.session

    def _ask(
        self, job: _Job, meter: _Meter, show: Progress, layers: Layers | None
    ) -> tuple[Answer | None, float]:
        """One answer, and its seconds; None for a check whose answer does not open."""
        try:
            response, seconds = self._send(job, meter, layers)
        except (UnknownSession, StaleEvidence) as error:
            self._reopen(error, meter, show)
            response, seconds = self._send(job, meter, layers)
        meter.received += len(response)
        try:
            return self._opened(response), seconds
        except HushworkError:
            if job.known is None:
                raise
            return None, seconds

    def _reopen(self, error: HushworkError, meter: _Meter, show: Progress) -> None:
        """A session anew; with a hello anew where the old one is too old."""
        if isinstance(error, StaleEvidence):
            self._leave()
            self._hello, self._uploaded = b"", False
        self._session = ""
        self._ensure_session(meter, show)

    def _parts(self, job: _Job, meter: _Meter) -> Generator[str, None, Answer]:
        channel = self._open_channel
        if not isinstance(channel, StreamingChannel):
            raise BadAnswer("a manifest", expected="a guarantee that streams", got="another")
        request = channel.seal(job.input)
        meter.sent += len(request)
        target, limit = f"/sessions/{self._session}/stream", self.manifest.response_limit
        answer: Answer | None = None
        for part in self._http.stream_post(target, request, part_limit=PART_LIMIT, limit=limit):
            if answer is not None:
                raise BadAnswer("an answer", expected="nothing after its end", got="more")
            meter.received += len(part)
            got = channel.take(part)
            if isinstance(got, Answer):
                answer = got
            else:
                yield got
        if answer is None:
            raise BadAnswer("an answer", expected="an end", got="none")
        return answer

    def _send(self, job: _Job, meter: _Meter, layers: Layers | None) -> tuple[bytes, float]:
        request = self._open_channel.seal(job.input)
        meter.sent += len(request)
        target = f"/sessions/{self._session}/jobs"
        with followed(self._http, self._session, layers):
            return self._http.timed_post(target, request, self.manifest.response_limit)

    def _opened(self, response: bytes) -> Answer:
        answer = self._open_channel.open(response)
        output, count = answer.output, len(self.manifest.labels)
        if count and (output.shape != (count,) or not np.isfinite(output).all()):
            raise BadAnswer("outputs", expected=f"{count} finite numbers", got=output.shape)
        return answer

    @property
    def _open_channel(self) -> Channel:
        if self._channel is None:
            raise ValueError("no session is open")
        return self._channel

    def _result(
        self, own: _Job, answers: Mapping[_Job, tuple[Answer | None, float]], meter: _Meter
    ) -> Result:
        answer, seconds = answers[own]
        if answer is None:
            raise ValueError("the user's own image has no answer")
        output = answer.output
        miner = decode(Serving, self._http.get(f"/sessions/{self._session}")).hotkey
        if answer.worker not in ("", miner):
            raise BadAnswer("an answer", expected=f"one of {miner}", got=f"one of {answer.worker}")
        checks = [(job.known, answers[job][0]) for job in answers if job.known is not None]
        labels = self.manifest.labels
        order: Sequence[int] = list(np.argsort(-output, kind="stable")) if labels else []
        return Result(
            label=labels[order[0]] if labels else "",
            scores={labels[index]: float(output[index]) for index in order},
            output=output,
            seconds=seconds,
            bytes_sent=meter.sent,
            bytes_received=meter.received,
            who_saw_what=self._guarantee.who_saw_what(),
            miner=miner,
            checks=len(checks),
            checks_passed=sum(self._passes(got, known) for known, got in checks),
            evidence=answer.evidence,
            telling=answer.telling,
            text=answer.text,
            tensors=answer.tensors,
        )

    def _passes(self, got: Answer | None, known: Array) -> bool:
        if got is None:
            return False
        return self._guarantee.proves or agrees(got.output, known)

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
