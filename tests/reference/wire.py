"""The byte formats, read and written here from their description alone.

Everything starts with `HWCK`, kind, version, flags, 0 and the SHA-256 of the parameters; then

- a ciphertext: limbs u16, scale f64, c0, and c1 or, if flagged, its seed;
- a projected ciphertext: limbs u16, scale f64, period u32, c0, and c1 or, if flagged, its seed;
- a public key: seed, b;
- evaluation keys: keys u32, (step u32, limbs u16) of each, a step of 0 for relinearisation, and the
  keys in that order: seed, b of each digit over the moduli in use and the special ones of the tier.

A polynomial is written limb by limb, each residue in as many bits as its modulus, low bits first.
A limb holds the values at zeta^(5^k), where zeta is the first x^((q - 1) / 4N), x = 2, 3, ..., that
is a primitive root of order 4N. A projected c0 has p coefficients, those of the whole one at the
multiples of N / p, and p values, at the powers of zeta^(N / p). A seed stands for uniform limbs,
limb i from the stream of 64-bit words of ChaCha20 under SHA-256("hushwork stream 1", seed, index
u64, label): words below the largest multiple of the modulus are reduced, and every other is
replaced, after its block of 128 is read, by the next such word of the stream.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import count
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from hushwork import _native
from tests.reference import ring
from tests.reference.ckks import Ciphertext, Projected, tier_of

CIPHERTEXT, PUBLIC_KEY, EVALUATION_KEYS, PROJECTED = 2, 3, 4, 5
VERSION, SEEDED = 2, 1
HEADER = struct.Struct("<4s4B32s")
LEVEL = struct.Struct("<Hd")
PERIOD = struct.Struct("<I")
SEED, BLOCK = 32, 128

Limbs = list[list[int]]


@cache
def root(n: int, q: int) -> int:
    """The root of unity at whose powers a limb is taken."""
    candidates = (pow(x, (q - 1) // (4 * n), q) for x in count(2))
    return next(z for z in candidates if pow(z, 2 * n, q) == q - 1)


def width(q: int) -> int:
    return (q - 1).bit_length()


def pack(values: list[int], q: int) -> bytes:
    digits = "".join(format(value, f"0{width(q)}b") for value in reversed(values))
    return int(digits, 2).to_bytes(-(-len(digits) // 8), "little")


def unpack(data: bytes, n: int, q: int) -> list[int]:
    whole, bits = int.from_bytes(data, "little"), width(q)
    digits = format(whole, f"0{n * bits}b")
    values = [int(digits[i : i + bits], 2) for i in range(0, n * bits, bits)]
    return values[::-1]


def expand(seed: bytes, label: str, first: int, moduli: Sequence[int], n: int) -> Limbs:
    """The uniform limbs that a seed stands for, as coefficients."""
    return [
        ring.interpolate(draw(seed, label, first + i, n, q), root(n, q), q)
        for i, q in enumerate(moduli)
    ]


def draw(seed: bytes, label: str, index: int, n: int, q: int) -> list[int]:
    """One uniform limb: values, in the order in which they are written."""
    key = sha256(b"hushwork stream 1" + seed + struct.pack("<Q", index) + label.encode()).digest()
    stream = Cipher(ChaCha20(key, bytes(16)), None).encryptor()
    bound = (2**64 - 1) // q * q
    values: list[int] = []

    def words(count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}Q", stream.update(bytes(8 * count)))

    def redrawn(word: int) -> int:
        while word >= bound:
            (word,) = words(1)
        return word

    for start in range(0, n, BLOCK):
        values += [redrawn(word) % q for word in words(min(BLOCK, n - start))]
    return values


class Reader:
    """Takes parts from the front of bytes of one kind."""

    def __init__(self, parameters: _native.Parameters, kind: int, data: bytes) -> None:
        self.n, self.data = parameters.slots, data
        magic, got, version, self.flags, zero, digest = self.take(HEADER)
        if (magic, got, version, zero) != (b"HWCK", kind, VERSION, 0):
            raise ValueError("another kind of bytes")
        if digest != sha256(parameters.to_bytes()).digest():
            raise ValueError("other parameters")

    def bytes(self, count: int) -> bytes:
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def take(self, format: struct.Struct) -> tuple[Any, ...]:
        return format.unpack(self.bytes(format.size))

    def polynomial(self, moduli: Sequence[int], period: int = 0) -> Limbs:
        """Coefficients, limb by limb; `period`: only those that repeat with it."""
        limbs, count = [], period or self.n
        for q in moduli:
            values = unpack(self.bytes(-(-count * width(q) // 8)), count, q)
            zeta = pow(root(self.n, q), self.n // count, q)
            limbs.append(ring.interpolate(values, zeta, q))
        return limbs

    def end(self) -> None:
        if self.data:
            raise ValueError("bytes left over")


def parse(parameters: _native.Parameters, data: bytes) -> Ciphertext:
    """A ciphertext as coefficients."""
    reader = Reader(parameters, CIPHERTEXT, data)
    limbs, scale = reader.take(LEVEL)
    moduli = parameters.moduli[:limbs]
    c0, c1 = reader.polynomial(moduli), _secret_half(reader, moduli)
    reader.end()
    return Ciphertext(scale, moduli, c0, c1)


def _secret_half(reader: Reader, moduli: list[int]) -> Limbs:
    if reader.flags == SEEDED:
        return expand(reader.bytes(SEED), "ciphertext", 0, moduli, reader.n)
    return reader.polynomial(moduli)


def parse_projected(parameters: _native.Parameters, data: bytes) -> Projected:
    """A projected ciphertext as coefficients."""
    reader = Reader(parameters, PROJECTED, data)
    limbs, scale = reader.take(LEVEL)
    (period,) = reader.take(PERIOD)
    moduli = parameters.moduli[:limbs]
    c0, c1 = reader.polynomial(moduli, period), _secret_half(reader, moduli)
    reader.end()
    return Projected(scale, moduli, c0, c1)


def parse_public_key(parameters: _native.Parameters, data: bytes) -> tuple[Limbs, Limbs]:
    """(b, a)"""
    reader = Reader(parameters, PUBLIC_KEY, data)
    a = expand(reader.bytes(SEED), "public key", 0, parameters.moduli, reader.n)
    b = reader.polynomial(parameters.moduli)
    reader.end()
    return b, a


@dataclass(frozen=True)
class SwitchingKey:
    """(b, a) of each digit, modulo `moduli`: those of Q in use, then those of P."""

    limbs: int
    digit: int
    special: list[int]
    moduli: list[int]
    digits: list[tuple[Limbs, Limbs]]


def parse_evaluation_keys(
    parameters: _native.Parameters, data: bytes
) -> list[tuple[int, SwitchingKey]]:
    """Rotation step, or 0 for relinearisation, and key."""
    reader = Reader(parameters, EVALUATION_KEYS, data)
    (count,) = reader.take(struct.Struct("<I"))
    table = [reader.take(struct.Struct("<IH")) for _ in range(count)]
    keys = [(step, switching_key(parameters, limbs, reader)) for step, limbs in table]
    reader.end()
    return keys


def switching_key(parameters: _native.Parameters, limbs: int, reader: Reader) -> SwitchingKey:
    _, digit, count = tier_of(parameters.tiers, limbs)
    special = parameters.special[:count]
    moduli = [*parameters.moduli[:limbs], *special]
    seed = reader.bytes(SEED)
    digits = [
        (reader.polynomial(moduli), expand(seed, "switching key", i << 32, moduli, reader.n))
        for i in range(-(-limbs // digit))
    ]
    return SwitchingKey(limbs, digit, special, moduli, digits)


def write(parameters: _native.Parameters, ciphertext: Ciphertext) -> bytes:
    """The inverse of `parse`, with both halves."""
    n, digest = parameters.slots, sha256(parameters.to_bytes()).digest()
    out = HEADER.pack(b"HWCK", CIPHERTEXT, VERSION, 0, 0, digest)
    out += LEVEL.pack(len(ciphertext.moduli), ciphertext.scale)
    return out + _halves(n, ciphertext)


def write_projected(parameters: _native.Parameters, projected: Projected) -> bytes:
    """The inverse of `parse_projected`."""
    n, digest = parameters.slots, sha256(parameters.to_bytes()).digest()
    out = HEADER.pack(b"HWCK", PROJECTED, VERSION, 0, 0, digest)
    out += LEVEL.pack(len(projected.moduli), projected.scale)
    return out + PERIOD.pack(len(projected.c0[0])) + _halves(n, projected)


def _halves(n: int, ciphertext: Ciphertext | Projected) -> bytes:
    out = b""
    for half in (ciphertext.c0, ciphertext.c1):
        for q, limb in zip(ciphertext.moduli, half, strict=True):
            zeta = pow(root(n, q), n // len(limb), q)
            out += pack(ring.evaluate(limb, zeta, q), q)
    return out


def with_first_residue(parameters: _native.Parameters, data: bytes, residue: int) -> bytes:
    """The same ciphertext of one limb with its first word replaced, however large."""
    n, q = parameters.slots, parameters.moduli[0]
    start = HEADER.size + LEVEL.size
    end = start + -(-n * width(q) // 8)
    values = unpack(data[start:end], n, q)
    return data[:start] + pack([residue, *values[1:]], q) + data[end:]
