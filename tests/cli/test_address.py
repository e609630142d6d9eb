from __future__ import annotations

import pytest

from hushwork.cli.address import Address


@pytest.mark.parametrize(
    "address",
    [
        Address("http://127.0.0.1:8700"),
        Address("http://127.0.0.1:8701", key="5" + "F" * 47),
        Address("https://[2001:db8::1]:8700", fingerprint=bytes(range(32))),
        Address("https://203.0.113.7:8701", "5" + "F" * 47, bytes(32)),
    ],
)
def test_what_is_printed_is_read_back(address: Address) -> None:
    assert Address.parse(str(address)) == address


def test_a_fingerprint_is_hex() -> None:
    with pytest.raises(ValueError, match="hex"):
        Address.parse("https://203.0.113.7:8701#certificate")
