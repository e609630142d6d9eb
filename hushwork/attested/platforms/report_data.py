"""What a platform binds to what it measures."""

from __future__ import annotations

REPORT_DATA_SIZE = 64
"""Bytes."""


def require_report_data(report_data: bytes) -> bytes:
    """The same. Raises ValueError."""
    if len(report_data) != REPORT_DATA_SIZE:
        raise ValueError(f"{len(report_data)} bytes of report data, not {REPORT_DATA_SIZE}")
    return report_data
