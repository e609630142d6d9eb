"""What each layer of a plan takes: key switches, transforms, products, and the bytes they read.

Counted as `crates/ckks/src/program` runs a plan: anchors and babies hoisted, giants by Horner's
rule, everything over Q * P until a result is divided by P.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from math import log2

from benchmarks.floors import CONSTANT, LAZY, WORD, Ring
from hushwork.encrypted.plan import Plan, Step
from hushwork.encrypted.tiers import place

LONG, KEPT, COEFFICIENT = 4096, 1 << 30, 4
"""Words from which weights are long; bytes for those kept transformed; of what others are kept as.
As in `limits.rs` there."""


@dataclass(frozen=True)
class Count:
    """Of one step or layer."""

    switches: int = 0
    """Inner products with a key."""
    transforms: int = 0
    """Of one limb."""
    products: int = 0
    """Of a ciphertext with a weight vector."""
    switching: float = 0.0
    """Multiply-adds of 52-bit words, as in `floors`, of inner products with keys,"""
    transforming: float = 0.0
    """of transforms,"""
    multiplying: float = 0.0
    """of products with weights,"""
    rest: float = 0.0
    """and of all else: conversions between bases, products of ciphertexts."""
    moved: float = 0.0
    """Bytes of keys and weights, each read once a step."""

    def __add__(self, other: Count) -> Count:
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Count(*(one + another for one, another in pairs))


@dataclass(frozen=True)
class Switching:
    """Key switches of one step, by their parts."""

    switches: int
    decompositions: int
    halves: int
    """Polynomials that are divided by P."""
    keys: int
    """That differ."""

    def count(self, ring: Ring) -> Count:
        """At so many limbs."""
        transforms = self.decompositions * ring.decomposed + self.halves * ring.all
        converted = self.decompositions * ring.decomposition + self.halves * ring.mod_down / 2
        return Count(
            switches=self.switches,
            transforms=transforms,
            switching=self.switches * ring.inner_product,
            transforming=transforms * ring.transform,
            rest=converted - transforms * ring.transform,
            moved=self.keys * ring.key_bytes,
        )


@dataclass
class Counter:
    """Walks through a plan and knows the limbs of each register."""

    plan: Plan
    limbs: dict[int, int] = field(default_factory=dict)
    granted: int = KEPT
    """Memory left for long weights that are kept transformed."""

    def layers(self) -> dict[str, Count]:
        """By layer, in order."""
        inputs = len(self.plan.gather)
        self.limbs = dict.fromkeys(range(inputs), self.plan.request_limbs)
        found: dict[str, Count] = {}
        for name, step in zip(self.plan.names, self.plan.steps, strict=True):
            found[name] = found.get(name, Count()) + self._step(step)
        return found

    def _step(self, step: Step) -> Count:
        source = step["inputs"][0] if "inputs" in step else step.get("a", step.get("input"))
        limbs = self.limbs[source]
        ring = self._ring(limbs)
        match step["op"]:
            case "linear":
                self._hold(step["outputs"], limbs - 1)
                return linear(step, ring) + self._weights(step, ring)
            case "multiply":
                self._hold([step["output"]], limbs - 1)
                tensor = limbs * ring.degree * (4.0 * LAZY + 3 * CONSTANT)
                return Switching(1, 1, 2, 1).count(ring) + Count(rest=tensor)
            case "rotate_add":
                self._hold([step["output"]], limbs)
                turns = len(step["steps"])
                return Switching(turns, turns, turns + 1, turns).count(ring)
            case _:
                self._hold([step["output"]], step.get("limbs", limbs))
                return Count()

    def _weights(self, step: Step, ring: Ring) -> Count:
        """Reading them, and transforming those that are kept as they are."""
        moved, made = 0, []
        for *_, weights in step["terms"]:
            words = len(weights)
            size = words * ring.all * WORD
            if words > LONG and size > self.granted:
                made.append(words)
                moved += words * COEFFICIENT
            else:
                self.granted -= size if words > LONG else 0
                moved += size
        transforms = ring.all * sum(CONSTANT * words / 2 * log2(words) for words in made)
        count = len(made) * ring.all
        return Count(transforms=count, transforming=transforms, moved=moved)

    def _hold(self, registers: list[int], limbs: int) -> None:
        self.limbs.update(dict.fromkeys(registers, limbs))

    def _ring(self, limbs: int) -> Ring:
        tier = self.plan.tiers[place(self.plan.tiers, limbs)]
        return Ring(self.plan.log_n, limbs, tier.special, tier.digit)


def linear(step: Step, ring: Ring) -> Count:
    """A linear step: rotations, and products over Q * P of both halves."""
    products, words = len(step["terms"]), 2.0 * LAZY * ring.all * ring.degree
    own = Count(products=products, multiplying=products * words)
    return linear_switching(step).count(ring) + own


def linear_switching(step: Step) -> Switching:
    """Anchors and babies, each once for an input; as many giants as the highest of an output."""
    places = list(_places(step))
    anchored = {(source, anchor) for source, anchor, _ in places}
    turned = {each for each in anchored if each[1]}
    rotated = {each for each in places if each[2]}
    decomposed = {each[:2] for each in rotated} | {(source, 0) for source, _ in turned}
    highest: dict[int, int] = {}
    for output, _, _, giant, *_ in step["terms"]:
        highest[output] = max(giant, highest.get(output, 0))
    giants = sum(highest.values())
    keys = {anchor for _, anchor in turned} | {baby for *_, baby in rotated}
    keys |= {step["giant_step"]} if giants else set()
    return Switching(
        switches=len(turned) + len(rotated) + giants,
        decompositions=len(decomposed) + giants,
        halves=len(turned) + giants + 2 * len(step["outputs"]),
        keys=len(keys),
    )


def _places(step: Step) -> Iterator[tuple[int, int, int]]:
    """Input, anchor and baby of each rotated input."""
    yield from {(source, anchor, baby) for _, source, anchor, _, baby, _ in step["terms"]}
