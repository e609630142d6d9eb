"""A TCP proxy that keeps every byte, so that a test can see what a process received."""

from __future__ import annotations

import socket
import threading
from types import TracebackType


class Recorder:
    """Stands before one service; `target` is the service's own port."""

    def __init__(self, target: int = 0) -> None:
        self.target = target
        self.streams: list[bytearray] = []
        """One for each direction of each connection."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
                service = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self._sockets += [caller, service]
            for source, sink in ((caller, service), (service, caller)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        kept = bytearray()
        self.streams.append(kept)
        try:
            while part := source.recv(1 << 16):
                kept += part
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in self._sockets:
            each.close()
