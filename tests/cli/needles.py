"""A search for an image and a key in other people's bytes, in every encoding we could think of."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hushwork import _native

PIECE = 1 << 23


@dataclass(frozen=True)
class Needle:
    name: str
    data: bytes

    @property
    def anchor(self) -> int:
        """Where its eight most varied bytes begin."""
        windows = range(len(self.data) - 7)
        return max(windows, key=lambda start: len(set(self.data[start : start + 8])))


class Search:
    """Finds needles at any byte of a haystack: by two bytes, then by eight, then whole."""

    def __init__(self, needles: list[Needle]) -> None:
        self.needles = needles
        self._by_anchor: dict[int, list[tuple[int, Needle]]] = {}
        self._pairs = np.zeros(1 << 16, bool)
        for needle in needles:
            start = needle.anchor
            eight = needle.data[start : start + 8]
            key = int.from_bytes(eight, "little")
            self._by_anchor.setdefault(key, []).append((start, needle))
            self._pairs[int.from_bytes(eight[:2], "little")] = True
        self._anchors = np.array(sorted(self._by_anchor), np.uint64)

    def find(self, haystack: bytes | bytearray) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(haystack), PIECE):
            piece = np.frombuffer(haystack, np.uint8)[start : start + PIECE + 8]
            for at in self._anchored(piece):
                found |= self._whole(haystack, start + int(at))
        return found

    def _anchored(self, piece: NDArray[np.uint8]) -> NDArray[np.intp]:
        if len(piece) < 8:
            return np.zeros(0, np.intp)
        pairs = piece[:-7].astype(np.uint16) | piece[1:-6].astype(np.uint16) << 8
        candidates = np.flatnonzero(self._pairs[pairs])
        windows = np.lib.stride_tricks.sliding_window_view(piece, 8)[candidates]
        eights = np.ascontiguousarray(windows).view(np.uint64).reshape(-1)
        return candidates[np.isin(eights, self._anchors)]

    def _whole(self, haystack: bytes | bytearray, at: int) -> set[str]:
        key = int.from_bytes(haystack[at : at + 8], "little")
        return {
            needle.name
            for start, needle in self._by_anchor.get(key, [])
            if at >= start and haystack[at - start : at - start + len(needle.data)] == needle.data
        }


def written(name: str, data: bytes) -> Iterator[Needle]:
    """Bytes as they are, in hex, and in base64 at each of its three alignments."""
    yield Needle(name, data)
    yield Needle(f"{name}, hex", data.hex().encode())
    yield Needle(f"{name}, HEX", data.hex().upper().encode())
    for skip in range(3):
        whole = data[skip : skip + (len(data) - skip) // 3 * 3]
        yield Needle(f"{name}, base64 + {skip}", base64.b64encode(whole))


def image_needles(image: NDArray[np.uint8]) -> list[Needle]:
    """Rows and columns of a (height, width) image, whole or every second pixel."""
    needles: list[Needle] = []
    for axis, lines in (("row", image), ("column", image.T)):
        for number, line in enumerate(lines):
            for step in (1, 2):
                for phase in range(step):
                    pixels = line[phase::step]
                    name = f"{axis} {number}, every {step} from {phase}"
                    needles += encoded_pixels(name, pixels[: 16 // step + 4])
    needles += written("PNG", png(image)[60:120])
    return [needle for needle in needles if len(set(needle.data)) > 5 and len(needle.data) >= 8]


def encoded_pixels(name: str, pixels: NDArray[np.uint8]) -> Iterator[Needle]:
    unit = pixels / 255
    yield from written(f"{name}, uint8", pixels.tobytes())
    yield from written(f"{name}, int8", (pixels.astype(int) - 128).astype(np.int8).tobytes())
    yield Needle(f"{name}, text", ", ".join(map(str, pixels)).encode())
    yield Needle(f"{name}, text", " ".join(map(str, pixels)).encode())
    few = slice(0, 4)
    for kind in ("<i2", "<i4", "<f4", "<f8", ">f4", ">f8"):
        yield Needle(f"{name}, {kind}", pixels[few].astype(kind).tobytes())
    for kind in ("<f2", "<f4", "<f8", ">f4", ">f8"):
        yield Needle(f"{name}, unit {kind}", unit[few].astype(kind).tobytes())
        yield Needle(f"{name}, signed {kind}", (2 * unit[few] - 1).astype(kind).tobytes())
    yield Needle(f"{name}, text", ", ".join(map(repr, unit[few].tolist())).encode())


def png(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "png")
    return buffer.getvalue()


def secret_needles(secret: NDArray[np.int64], primes: list[int]) -> list[Needle]:
    """A ternary key as coefficients and as evaluations, from several places of it."""
    size = len(secret)
    needles: list[Needle] = []
    for start in range(0, size, size // 16):
        window = secret[start : start + 256]
        needles += encoded_coefficients(f"coefficients from {start}", window, primes)
    for prime in primes:
        values = first_evaluations(secret, prime)
        name = f"evaluations mod {prime}"
        needles += written(f"{name}, u64", np.array(values, "<u8").tobytes())
        needles += written(f"{name}, packed", pack(values, prime))
    return needles


def encoded_coefficients(
    name: str, window: NDArray[np.int64], primes: list[int]
) -> Iterator[Needle]:
    yield from written(f"{name}, int8", window[:64].astype(np.int8).tobytes())
    for kind in ("<i2", "<i4", "<i8", "<f4", "<f8"):
        yield Needle(f"{name}, {kind}", window[:32].astype(kind).tobytes())
    yield Needle(f"{name}, text", ", ".join(map(str, window[:32])).encode())
    for zero in (0, 1, 3):
        digits = {0: window + zero, 1: window + zero, 3: window & 3}[zero]
        yield from written(f"{name}, two bits from {zero}", pack((digits & 3).tolist(), 4)[:48])
    for prime in primes:
        residues = (window[:16] % prime).tolist()
        yield Needle(f"{name} mod {prime}, u64", np.array(residues, "<u8").tobytes())
        yield from written(f"{name} mod {prime}, packed", pack(residues, prime))


def pack(values: list[int], modulus: int) -> bytes:
    """Each value in as many bits as the modulus needs, low bits first; whole bytes only."""
    width = (modulus - 1).bit_length()
    whole = sum(int(value) << index * width for index, value in enumerate(values))
    return whole.to_bytes(-(-len(values) * width // 8), "little")[: len(values) * width // 8]


def first_evaluations(secret: NDArray[np.int64], prime: int, count: int = 6) -> list[int]:
    """Values at zeta^(5^k): the form in which the native module keeps polynomials."""
    size = len(secret)
    zeta = next(
        root
        for base in range(2, 1000)
        if pow(root := pow(base, (prime - 1) // (4 * size), prime), 2 * size, prime) == prime - 1
    )
    return [evaluate(secret, pow(zeta, pow(5, k, 4 * size), prime), prime) for k in range(count)]


def evaluate(secret: NDArray[np.int64], x: int, prime: int) -> int:
    """a_0 + sum of a_i (x^i + x^-i)."""
    inverse, power, opposite, total = pow(x, -1, prime), 1, 1, int(secret[0])
    for coefficient in secret[1:].tolist():
        power, opposite = power * x % prime, opposite * inverse % prime
        if coefficient:
            total += coefficient * (power + opposite)
    return total % prime


def recover(key: _native.SecretKey, parameters: _native.Parameters) -> NDArray[np.int64]:
    """The key itself: what the ciphertext (0, 1) decrypts to."""
    size, prime = parameters.slots, parameters.moduli[0]
    digest = sha256(parameters.to_bytes()).digest()
    head = struct.pack("<4s4B32sHd", b"HWCK", 2, 2, 0, 0, digest, 1, 1.0)
    ciphertext = head + pack([0] * size, prime) + pack([1] * size, prime)
    secret = np.rint(key.decrypt_coefficients(ciphertext)).astype(np.int64)
    if set(secret.tolist()) != {-1, 0, 1}:
        raise ValueError("this is no ternary key")
    return secret
