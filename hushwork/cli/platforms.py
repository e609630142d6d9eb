"""The development platform's folder: its keys, and the policy that trusts them."""

from __future__ import annotations

import os
from pathlib import Path

from hushwork.attested.platforms import DevelopmentPlatform

POLICY = "policy.toml"


def development_platform(folder: Path) -> Path:
    """Make one where none is; its policy. Raises NotFound or MalformedBytes.

    Several miners of a machine do so at once, while others read: the policy is replaced whole.
    """
    platform = DevelopmentPlatform.open(folder)
    policy = folder / POLICY
    partial = policy.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(platform.policy().to_toml())
    partial.replace(policy)
    return policy
