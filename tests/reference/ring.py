"""The ring Z[X + 1/X] / (X^2N + 1) in plain Python integers.

An element is the list a of its N coefficients over 1, T_1, ..., T_(N-1), where T_i = X^i + X^-i.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

Polynomial = list[int]


def reduce_index(index: int, n: int) -> tuple[int, int]:
    """(sign, i) with T_index = sign * T_i and 0 <= i < n; the sign is 0 where T_index = 0."""
    index %= 4 * n
    index = min(index, 4 * n - index)  # T_-i = T_i
    sign, index = (1, index) if index <= n else (-1, 2 * n - index)  # T_(2N-i) = -T_i
    return (0, 0) if index == n else (sign, index)


def multiply(a: Sequence[int], b: Sequence[int]) -> Polynomial:
    """Schoolbook product, by T_i T_j = T_(i+j) + T_(i-j) and T_0 = 2."""
    n = len(a)
    out = [0] * (2 * n)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if i == 0 or j == 0:
                out[i + j] += x * y
                continue
            out[i + j] += x * y
            out[abs(i - j)] += x * y * (2 if i == j else 1)
    for i in range(1, n):  # T_N = 0 and T_(N+i) = -T_(N-i)
        out[n - i] -= out[n + i]
    return out[:n]


def automorphism(a: Sequence[int], step: int) -> Polynomial:
    """X -> X^(5^step): slot i + step moves to slot i."""
    n = len(a)
    power = pow(5, step % n, 4 * n)
    out = [a[0]] + [0] * (n - 1)
    for i in range(1, n):
        sign, j = reduce_index(i * power, n)
        out[j] += sign * a[i]
    return out


def add(a: Sequence[int], b: Sequence[int]) -> Polynomial:
    return [x + y for x, y in zip(a, b, strict=True)]


def subtract(a: Sequence[int], b: Sequence[int]) -> Polynomial:
    return [x - y for x, y in zip(a, b, strict=True)]


def centre(a: Sequence[int], modulus: int) -> Polynomial:
    """Representatives in (-modulus / 2, modulus / 2]."""
    return [(x + (modulus - 1) // 2) % modulus - (modulus - 1) // 2 for x in a]


def from_residues(residues: Sequence[Sequence[int]], moduli: Sequence[int]) -> Polynomial:
    """Chinese remainder theorem, centred; residues[l] are the coefficients modulo moduli[l]."""
    whole = prod(moduli)
    basis = [whole // q * pow(whole // q, -1, q) for q in moduli]
    columns = zip(*residues, strict=True)
    return centre([sum(x * b for x, b in zip(c, basis, strict=True)) for c in columns], whole)


def orbit(n: int) -> list[int]:
    """Exponents 5^k mod 4N: where value k is taken."""
    exponents = [1]
    for _ in range(n - 1):
        exponents.append(exponents[-1] * 5 % (4 * n))
    return exponents


def evaluate_slowly(a: Sequence[int], zeta: int, q: int) -> list[int]:
    """Values at zeta^(5^k), straight from the definition."""
    n = len(a)
    powers = [pow(zeta, i, q) for i in range(4 * n)]
    return [
        (
            a[0]
            + sum(a[i] * (powers[e * i % (4 * n)] + powers[-e * i % (4 * n)]) for i in range(1, n))
        )
        % q
        for e in orbit(n)
    ]


def transform(values: Sequence[int], root: int, q: int) -> list[int]:
    """Discrete Fourier transform: out[j] = sum of values[i] root^(ij)."""
    size = len(values)
    if size == 1:
        return list(values)
    even = transform(values[::2], root * root % q, q)
    odd = transform(values[1::2], root * root % q, q)
    twiddle = 1
    for j, x in enumerate(odd):
        odd[j] = x * twiddle % q
        twiddle = twiddle * root % q
    low = [(x + y) % q for x, y in zip(even, odd, strict=True)]
    return low + [(x - y) % q for x, y in zip(even, odd, strict=True)]


def evaluate(a: Sequence[int], zeta: int, q: int) -> list[int]:
    """Values at zeta^(5^k), through the ring of degree 2N that this one lies in."""
    n = len(a)
    whole = [*a, 0, *(-x for x in a[:0:-1])]
    twisted, power = [], 1
    for x in whole:
        twisted.append(x * power % q)
        power = power * zeta % q
    values = transform(twisted, zeta * zeta % q, q)
    return [values[e // 2] for e in orbit(n)]


def interpolate(values: Sequence[int], zeta: int, q: int) -> Polynomial:
    """The inverse of `evaluate`, coefficients in [0, q)."""
    n = len(values)
    at = [0] * (2 * n)
    for e, value in zip(orbit(n), values, strict=True):
        at[e // 2] = at[(4 * n - e) // 2] = value
    inverse = pow(zeta, -1, q)
    twisted = transform(at, inverse * inverse % q, q)
    out, power = [], pow(2 * n, -1, q)
    for x in twisted[:n]:
        out.append(x * power % q)
        power = power * inverse % q
    return out


def is_prime(number: int) -> bool:
    """Miller and Rabin with the bases that decide every number below 3.3e24."""
    bases = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
    if number < 2 or any(number % b == 0 for b in bases):
        return number in bases
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(
        pow(b, odd, number) == 1 or any(pow(b, odd << t, number) == number - 1 for t in range(twos))
        for b in bases
    )


def primes(n: int, bits: int, count: int, *, above: bool = True) -> list[int]:
    """The first primes = 1 mod 4N above, or below, 2^bits."""
    found: list[int] = []
    candidate = (1 << bits) // (4 * n) * 4 * n + 1
    while len(found) < count:
        candidate += 4 * n if above else -4 * n
        if is_prime(candidate):
            found.append(candidate)
    return found
