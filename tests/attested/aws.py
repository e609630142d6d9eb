"""An AWS Nitro machine of our own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cbor2

from hushwork.attested.evidence import PRODUCTION, Claims, Evidence, Roots, examine
from hushwork.attested.evidence.chains import certificate_digest
from tests.attested.authorities import Issuer, issue
from tests.attested.machines import NOW, REPORT_DATA

ES384 = cbor2.dumps({1: -35})
PCRS = {index: bytes([index + 1]) * 48 for index in range(3)} | {3: bytes(48)}
MODULE = "i-0123456789abcdef0-enc0123456789abcdef"


@dataclass(frozen=True)
class Machine:
    root: Issuer
    zone: Issuer
    leaf: Issuer

    @classmethod
    def new(cls) -> Machine:
        root = issue("aws.nitro-enclaves", length=None)
        zone = root.issue("zone", length=0)
        return cls(root, zone, zone.issue(MODULE, is_authority=False))

    @property
    def roots(self) -> Roots:
        return PRODUCTION.with_insecure(certificate_digest(self.root.certificate))

    def but(self, **fields: Issuer) -> Machine:
        return replace(self, **fields)

    def with_leaf(self, **options: Any) -> Machine:
        return self.but(leaf=self.zone.issue(MODULE, **({"is_authority": False} | options)))

    def fields(self, **fields: Any) -> dict[str, Any]:
        known = {
            "module_id": MODULE,
            "digest": "SHA384",
            "timestamp": (NOW - 60) * 1000,
            "pcrs": PCRS,
            "certificate": self.leaf.der,
            "cabundle": [self.root.der, self.zone.der],
            "public_key": None,
            "user_data": REPORT_DATA,
            "nonce": None,
        }
        return known | fields

    def signature(self, payload: bytes, protected: bytes = ES384) -> bytes:
        r, s = self.leaf.sign(cbor2.dumps(["Signature1", protected, b"", payload]))
        return r.to_bytes(48, "big") + s.to_bytes(48, "big")

    def evidence(self, **fields: Any) -> Evidence:
        return self.of(cbor2.dumps(self.fields(**fields)))

    def of(self, payload: bytes, protected: bytes = ES384, unprotected: Any = None) -> Evidence:
        items = [protected, unprotected or {}, payload, self.signature(payload, protected)]
        return Evidence("nitro", cbor2.dumps(items), b"")

    def examine(self, evidence: Evidence, now: int = NOW) -> Claims:
        return examine(evidence, now, self.roots)


@cache
def machine() -> Machine:
    return Machine.new()
