"""Attested inference: hardware says what runs, and that its owner cannot look in."""

from __future__ import annotations

from hushwork.attested.evidence import Claims, Evidence, examine

__all__ = ["Claims", "Evidence", "examine"]
