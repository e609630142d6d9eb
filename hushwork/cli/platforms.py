"""The development platform's folder: its keys, and the policy that trusts them."""

from __future__ import annotations

from pathlib import Path

from hushwork.attested.platforms import DevelopmentPlatform

POLICY = "policy.toml"


def development_platform(folder: Path) -> Path:
    """Make one where none is; its policy. Raises NotFound or MalformedBytes."""
    platform = DevelopmentPlatform.open(folder)
    policy = folder / POLICY
    policy.write_text(platform.policy().to_toml())
    return policy
