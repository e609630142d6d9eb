"""Makers of parts that a test leads by the hand, and servers that send what they like."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from hushwork.wire import Call, Check

Step = bytes | threading.Event | Exception


class Maker:
    """A handler that yields bytes, waits for events, raises errors, and notes how it went."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.made = 0
        self.waiting = threading.Event()
        self.closed = threading.Event()
        self._steps = steps

    def __call__(self, _: Call, check: Check) -> Iterator[bytes]:
        return self.make(check)

    def make(self, check: Check) -> Iterator[bytes]:
        try:
            for step in self._steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, bytes):
                    self.made += 1
                    yield step
                else:
                    self._wait(step, check)
        finally:
            self.closed.set()

    def _wait(self, event: threading.Event, check: Check) -> None:
        self.waiting.set()
        while not event.wait(0.01):
            check()


def chunked(*frames: bytes, ended: bool = True) -> bytes:
    """An HTTP answer of these bytes."""
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(frame), frame) for frame in frames)
    end = b"0\r\n\r\n" if ended else b""
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + end


@contextmanager
def sending(*pieces: bytes, between: Callable[[], object] = lambda: None) -> Iterator[str]:
    """A server that answers its only request with these pieces, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(1 << 16)
                for piece in pieces:
                    connection.sendall(piece)
                    between()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)
