"""The byte format of ciphertexts, read and written here from its description alone.

`HWCK`, kind, version, flags, 0; the SHA-256 of the parameters' bytes; limbs u16, scale f64; then c0
and c1, limb by limb, each residue in as many bits as its modulus, low bits first, little-endian.
A limb holds the values at zeta^(5^k), where zeta is the first x^((q - 1) / 4N), x = 2, 3, ..., that
is a primitive root of order 4N.
"""

from __future__ import annotations

import struct
from functools import cache
from hashlib import sha256
from itertools import count

from hushwork import _native
from tests.reference import ring
from tests.reference.ckks import Ciphertext

KIND, VERSION, SEEDED = 2, 1, 1
HEADER = struct.Struct("<4s4B32sHd")


@cache
def root(n: int, q: int) -> int:
    """The root of unity at whose powers a limb is taken."""
    candidates = (pow(x, (q - 1) // (4 * n), q) for x in count(2))
    return next(z for z in candidates if pow(z, 2 * n, q) == q - 1)


def width(q: int) -> int:
    return (q - 1).bit_length()


def pack(values: list[int], q: int) -> bytes:
    whole = sum(value << i * width(q) for i, value in enumerate(values))
    return whole.to_bytes(-(-len(values) * width(q) // 8), "little")


def unpack(data: bytes, n: int, q: int) -> list[int]:
    whole, bits = int.from_bytes(data, "little"), width(q)
    digits = format(whole, f"0{n * bits}b")
    values = [int(digits[i : i + bits], 2) for i in range(0, n * bits, bits)]
    return values[::-1]


def parse(parameters: _native.Parameters, data: bytes) -> Ciphertext:
    """A ciphertext that carries both halves, as coefficients."""
    n = parameters.slots
    magic, kind, version, flags, zero, digest, limbs, scale = HEADER.unpack_from(data)
    if (magic, kind, version, flags, zero) != (b"HWCK", KIND, VERSION, 0, 0):
        raise ValueError("not a whole ciphertext")
    if digest != sha256(parameters.to_bytes()).digest():
        raise ValueError("other parameters")
    moduli, at = parameters.moduli[:limbs], HEADER.size
    halves: list[list[list[int]]] = []
    for _ in range(2):
        halves.append([])
        for q in moduli:
            size = -(-n * width(q) // 8)
            values = unpack(data[at : at + size], n, q)
            halves[-1].append(ring.interpolate(values, root(n, q), q))
            at += size
    if at != len(data):
        raise ValueError("wrong length")
    return Ciphertext(scale, moduli, *halves)


def write(parameters: _native.Parameters, ciphertext: Ciphertext) -> bytes:
    """The inverse of `parse`."""
    n, digest = parameters.slots, sha256(parameters.to_bytes()).digest()
    limbs, scale = len(ciphertext.moduli), ciphertext.scale
    out = HEADER.pack(b"HWCK", KIND, VERSION, 0, 0, digest, limbs, scale)
    for half in (ciphertext.c0, ciphertext.c1):
        for q, limb in zip(ciphertext.moduli, half, strict=True):
            out += pack(ring.evaluate(limb, root(n, q), q), q)
    return out


def with_first_residue(parameters: _native.Parameters, data: bytes, residue: int) -> bytes:
    """The same ciphertext of one limb with its first word replaced, however large."""
    n, q = parameters.slots, parameters.moduli[0]
    size = -(-n * width(q) // 8)
    values = unpack(data[HEADER.size : HEADER.size + size], n, q)
    return data[: HEADER.size] + pack([residue, *values[1:]], q) + data[HEADER.size + size :]
