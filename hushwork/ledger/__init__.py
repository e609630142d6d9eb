"""Who is registered, staked, reachable and paid: a local ledger with Bittensor's rules."""

from hushwork.ledger.client import LedgerClient
from hushwork.ledger.rules import TAO, Rules, quantise
from hushwork.ledger.service import ledger_app
from hushwork.ledger.store import LocalLedger
from hushwork.ledger.types import Ledger, Neuron

__all__ = [
    "TAO",
    "Ledger",
    "LedgerClient",
    "LocalLedger",
    "Neuron",
    "Rules",
    "ledger_app",
    "quantise",
]
