"""Machines that give evidence of what they run, and one that only pretends."""

from __future__ import annotations

from hushwork.attested.platforms.development import NO_PROTECTION, DevelopmentPlatform
from hushwork.attested.platforms.dstack import DstackPlatform
from hushwork.attested.platforms.platform import Platform, find_platform
from hushwork.attested.platforms.report_data import REPORT_DATA_SIZE

__all__ = [
    "NO_PROTECTION",
    "REPORT_DATA_SIZE",
    "DevelopmentPlatform",
    "DstackPlatform",
    "Platform",
    "find_platform",
]
