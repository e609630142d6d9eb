"""Who is registered, staked, reachable and paid: a local ledger with Bittensor's rules."""

from hushwork.ledger.types import Ledger, Neuron

__all__ = ["Ledger", "Neuron"]
