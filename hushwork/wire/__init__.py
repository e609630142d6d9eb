"""What travels: hotkeys, signed requests, messages, blobs, and thin HTTP shells around them."""

from hushwork.wire._deadline import heeding, within
from hushwork.wire.blobs import BlobLimits, BlobStore
from hushwork.wire.btauth import ReplayCache
from hushwork.wire.client import SignedClient
from hushwork.wire.hotkeys import Hotkey, is_address, verify, wallet_path
from hushwork.wire.memory import MemoryTransport
from hushwork.wire.messages import (
    BlobInfo,
    ErrorMessage,
    Message,
    MissingChunks,
    Offer,
    Offers,
    SessionReply,
    SessionRequest,
    Working,
    decode,
    describe_blob,
    encode,
    from_message,
    to_message,
)
from hushwork.wire.running import running
from hushwork.wire.server import Call, Check, Gate, blob_routes, make_app, open_route
from hushwork.wire.tls import Certificate, load_or_make

__all__ = [
    "BlobInfo",
    "BlobLimits",
    "BlobStore",
    "Call",
    "Certificate",
    "Check",
    "ErrorMessage",
    "Gate",
    "Hotkey",
    "MemoryTransport",
    "Message",
    "MissingChunks",
    "Offer",
    "Offers",
    "ReplayCache",
    "SessionReply",
    "SessionRequest",
    "SignedClient",
    "Working",
    "blob_routes",
    "decode",
    "describe_blob",
    "encode",
    "from_message",
    "heeding",
    "is_address",
    "load_or_make",
    "make_app",
    "open_route",
    "running",
    "to_message",
    "verify",
    "wallet_path",
    "within",
]
