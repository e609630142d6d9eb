"""Who may call: the ledger's list of neurons, believed for a short while."""

from __future__ import annotations

import threading

from hushwork.errors import InsecureGuarantee, NotRegistered, UnderStaked
from hushwork.ledger import Ledger, Neuron

_STRANGER_SECONDS = 1.0


class Registry:
    """The ledger, remembered. Safe from any thread; time is passed in."""

    def __init__(self, ledger: Ledger, seconds: float) -> None:
        """`seconds`: how long one reading is believed."""
        self._ledger = ledger
        self._seconds = seconds
        self._neurons: dict[str, Neuron] = {}
        self._read = float("-inf")
        self._lock = threading.Lock()

    def neurons(self, now: float, seconds: float | None = None) -> dict[str, Neuron]:
        """Everybody registered, by hotkey, as read at most `seconds` ago."""
        with self._lock:
            if now - self._read > (self._seconds if seconds is None else seconds):
                self._neurons = {neuron.hotkey: neuron for neuron in self._ledger.neurons()}
                self._read = now
            return self._neurons

    def neuron(self, hotkey: str, now: float) -> Neuron:
        """One neuron; the ledger is asked again about a stranger. Raises NotRegistered."""
        neuron = self.neurons(now).get(hotkey) or self.neurons(now, _STRANGER_SECONDS).get(hotkey)
        if neuron is None:
            raise NotRegistered("not on the ledger", expected="a registered hotkey", got=hotkey)
        return neuron

    def require(self, hotkey: str, stake: int, now: float) -> None:
        """Raise NotRegistered or UnderStaked unless registered with so much stake, in rao."""
        neuron = self.neuron(hotkey, now)
        if neuron.stake < stake:
            raise UnderStaked("stake in rao", expected=f"at least {stake}", got=neuron.stake)


def refuse_insecure(guarantee: str, insecure_for_tests: bool) -> None:
    """Raise InsecureGuarantee for a guarantee made for tests, outside tests."""
    if guarantee.startswith("insecure") and not insecure_for_tests:
        raise InsecureGuarantee("this guarantee is for tests only", got=guarantee)
