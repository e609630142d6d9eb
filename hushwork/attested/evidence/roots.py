"""Whom to believe: the vendors' root keys, by digest.

Intel: SHA-256 of the SGX Root CA's certificate. AMD: of the public keys (SubjectPublicKeyInfo) of
ARK-Milan, ARK-Genoa and ARK-Turin. AWS: of the Nitro Enclaves Root-G1 certificate. Each is of the
DER, and public.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from hushwork.errors import UntrustedRoot

INTEL = "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"
ARK_MILAN = "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9"
ARK_GENOA = "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831"
ARK_TURIN = "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08"
AWS_NITRO = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"


@dataclass(frozen=True)
class Roots:
    """Digests of roots, hex, by vendor."""

    intel: frozenset[str] = frozenset({INTEL})
    amd: frozenset[str] = frozenset({ARK_MILAN, ARK_GENOA, ARK_TURIN})
    aws: frozenset[str] = frozenset({AWS_NITRO})

    def with_insecure(self, digest: str) -> Roots:
        """These, and one that anybody can have made, in every vendor's place."""
        added = frozenset({digest})
        return replace(self, intel=self.intel | added, amd=self.amd | added, aws=self.aws | added)

    def __contains__(self, digest: object) -> bool:
        """Whether any vendor's root has this digest."""
        return digest in self.intel | self.amd | self.aws


PRODUCTION = Roots()


def require(digest: str, roots: Collection[str]) -> str:
    """The digest. Raises UntrustedRoot."""
    if digest not in roots:
        raise UntrustedRoot("root certificate", expected="a vendor's", got=digest)
    return digest
