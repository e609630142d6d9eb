"""What a plan costs: one model, in microseconds of one core, for the compiler's choices.

The unit costs are those of the portable kernels. Counts of transforms and multiply-adds follow
the hybrid key switching of Han and Ki (eprint 2019/688): L limbs, K special primes, d digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

TRANSFORMED = 4096
"""Weight vectors up to this period are kept transformed; longer ones are transformed at use."""


@dataclass(frozen=True)
class Cost:
    """Unit costs at one ring size and one choice of digits."""

    slots: int
    digit: int
    special: int

    @property
    def _transform(self) -> float:
        return self.slots * (self.slots.bit_length() - 1) * 6e-4

    @property
    def _multiply_add(self) -> float:
        return self.slots * 5e-4

    def _decompose(self, limbs: int) -> float:
        digits, extended = ceil(limbs / self.digit), limbs + self.special
        lifts = limbs * extended * self._multiply_add
        return (limbs + digits * extended) * self._transform + lifts

    def _inner(self, limbs: int) -> float:
        return 2 * ceil(limbs / self.digit) * (limbs + self.special) * self._multiply_add

    def _down(self, limbs: int) -> float:
        transforms = 2 * (limbs + self.special) * self._transform
        return transforms + 2 * limbs * self.special * self._multiply_add

    def rotation(self, limbs: int) -> float:
        """One rotation on its own, or one relinearisation."""
        return self._decompose(limbs) + self._inner(limbs) + self._down(limbs)

    def rotations(self, limbs: int, full: int, decomposed: int, hoisted: int, giants: int) -> float:
        """Rotations of a linear step."""
        once = self._inner(limbs) + self._down(limbs)
        return (
            (full + giants) * self.rotation(limbs)
            + decomposed * self._decompose(limbs)
            + hoisted * once
        )

    def products(self, limbs: int, short: int, long: int) -> float:
        """Plaintext products, by whether the weights are kept transformed."""
        each = 2 * limbs * self._multiply_add
        # Long weights are reduced modulo every prime and transformed at every use.
        return (short + long) * each + long * limbs * 2.5 * self._transform

    def multiply(self, limbs: int) -> float:
        """A product of ciphertexts with relinearisation and rescaling."""
        return self.rotation(limbs) + 4 * limbs * self._multiply_add + 2 * limbs * self._transform

    @property
    def request(self) -> float:
        """The price of making and sending one ciphertext of a request."""
        return self.slots * 10.0

    def keys(self, limbs: int, count: int) -> float:
        """The price of making, sending and expanding keys, spread over a session's requests."""
        return count * self._inner(limbs) * 4
