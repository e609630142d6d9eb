"""dstack's socket and a PCCS, as real servers in threads, for a machine of our own."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote as url_quote

from tests.attested.machines import FMSPC, Machine

Answer = tuple[int, dict[str, str], bytes]
Handle = Callable[[str, bytes], Answer]


@dataclass
class Dstack:
    """Answers as dstack does, unless it is told otherwise."""

    make_quote: Callable[[bytes], bytes]
    event_log: str = "[]"
    otherwise: Answer | None = None
    asked: list[Any] = field(default_factory=list)

    def handle(self, path: str, body: bytes) -> Answer:
        request = json.loads(body)
        self.asked.append((path, request))
        if self.otherwise is not None:
            return self.otherwise
        data = bytes.fromhex(request["report_data"])
        answer = {
            "quote": self.make_quote(data).hex(),
            "event_log": self.event_log,
            "report_data": request["report_data"],
            "vm_config": "{}",
        }
        return 200, {}, json.dumps(answer).encode()


@dataclass
class Pccs:
    """Publishes what a machine's vendor says of it."""

    machine: Machine
    asked: list[str] = field(default_factory=list)
    is_ill: bool = False

    def handle(self, path: str, _: bytes) -> Answer:
        self.asked.append(path)
        if self.is_ill:
            return 500, {}, b""
        signed = self.machine.signed
        tdx, sgx = "/tdx/certification/v4/", "/sgx/certification/v4/"
        answers = {
            f"{sgx}pckcrl?ca=platform&encoding=der": (
                {"SGX-PCK-CRL-Issuer-Chain": signed.pck_crl_issuer_chain},
                bytes.fromhex(signed.pck_crl),
            ),
            f"{tdx}tcb?fmspc={FMSPC.hex().upper()}&update=standard": (
                {"TCB-Info-Issuer-Chain": signed.tcb_info_issuer_chain},
                _signed("tcbInfo", signed.tcb_info, signed.tcb_info_signature),
            ),
            f"{tdx}qe/identity?update=standard": (
                {"SGX-Enclave-Identity-Issuer-Chain": signed.qe_identity_issuer_chain},
                _signed("enclaveIdentity", signed.qe_identity, signed.qe_identity_signature),
            ),
            f"{sgx}rootcacrl": ({}, signed.root_ca_crl.encode()),
        }
        if path not in answers:
            return 404, {}, b""
        headers, body = answers[path]
        return 200, {name: url_quote(value) for name, value in headers.items()}, body


def _signed(name: str, text: str, signature: str) -> bytes:
    return f'{{"{name}":{text},"signature":"{signature}"}}'.encode()


def _handler(handle: Handle) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            status, headers, body = handle(self.path, self.rfile.read(size))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

        def address_string(self) -> str:
            return "socket"

    return Handler


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def on_a_socket(path: Path, handle: Handle) -> Iterator[str]:
    """Its path."""
    with _running(_UnixServer(str(path), _handler(handle))):
        yield str(path)


@contextmanager
def on_a_port(handle: Handle) -> Iterator[str]:
    """Its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(handle))
    with _running(server):
        yield f"http://127.0.0.1:{server.server_port}"
