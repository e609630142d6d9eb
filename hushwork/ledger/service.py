"""The ledger over HTTP. Reading is open; a change is signed.

A hotkey serves and sets weights for itself alone. Registration and stake are open to whoever signs:
this is a faucet, for networks on one machine.

    GET  /block  /neurons  /neurons/{hotkey}  /weights
    POST /register  /stake  /serve  /weights
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from hushwork.ledger.messages import (
    AddStake,
    AllWeights,
    Height,
    Neurons,
    Register,
    Registered,
    Serve,
    SetWeights,
    Staked,
)
from hushwork.ledger.types import Ledger
from hushwork.wire.messages import decode, encode
from hushwork.wire.server import Call, Gate, make_app, open_route

_BODY = 64 << 10


def ledger_app(ledger: Ledger, gate: Gate) -> Starlette:
    """Make the application; `gate` has the address that changes are signed for."""
    return make_app([*_reads(ledger), *_changes(ledger, gate)])


def _reads(ledger: Ledger) -> list[Route]:
    def neuron(request: Request) -> bytes:
        return encode(ledger.neuron(request.path_params["hotkey"]))

    return [
        open_route("/block", lambda _: encode(Height(ledger.block()))),
        open_route("/neurons", lambda _: encode(Neurons(tuple(ledger.neurons())))),
        open_route("/neurons/{hotkey}", neuron),
        open_route("/weights", lambda _: encode(AllWeights(ledger.weights()))),
    ]


def _changes(ledger: Ledger, gate: Gate) -> list[Route]:
    def register(call: Call) -> bytes:
        return encode(Registered(ledger.register(decode(Register, call.body).hotkey)))

    def add_stake(call: Call) -> bytes:
        wanted = decode(AddStake, call.body)
        return encode(Staked(ledger.add_stake(wanted.hotkey, wanted.amount)))

    def serve(call: Call) -> bytes:
        wanted = decode(Serve, call.body)
        ledger.serve(call.caller, wanted.url, wanted.fingerprint)
        return b""

    def set_weights(call: Call) -> bytes:
        ledger.set_weights(call.caller, decode(SetWeights, call.body).weights)
        return b""

    handlers = {"register": register, "stake": add_stake, "serve": serve, "weights": set_weights}
    return [gate.route("POST", f"/{path}", handler, _BODY) for path, handler in handlers.items()]
