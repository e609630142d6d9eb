"""What a file says in its metadata about itself: its name and its labels."""

from __future__ import annotations

import msgspec
import onnx

from hushwork.errors import InvalidNetwork, MalformedBytes

LABEL_LIMIT = 256
"""Most characters of a label or of a network's name."""


def said(model: onnx.ModelProto) -> dict[str, str]:
    """A file's metadata. Raises MalformedBytes."""
    found = {entry.key: entry.value for entry in model.metadata_props}
    for part in (*found, *found.values()):
        if not isinstance(part, str):  # protobuf leaves what is not UTF-8 as bytes
            raise MalformedBytes("metadata", expected="UTF-8", got=part[:40])
    return found


def labels(encoded: str, count: int | None) -> tuple[str, ...]:
    """The labels in a JSON list, as many as `count` if it is known. Raises InvalidNetwork."""
    try:
        found = msgspec.json.decode(encoded, type=tuple[str, ...])
    except msgspec.MsgspecError as error:
        raise InvalidNetwork("hushwork.labels", expected="a list of text", got=error) from None
    if count is not None and len(found) != count:
        raise InvalidNetwork("hushwork.labels", expected=f"{count} labels", got=len(found))
    return tuple(text(label, "label") for label in found)


def text(value: str, what: str) -> str:
    """A short printable text as it is. Raises InvalidNetwork."""
    if not value.isprintable() or not 0 < len(value) <= LABEL_LIMIT:
        expected = f"1 to {LABEL_LIMIT} printable characters"
        raise InvalidNetwork(what, expected=expected, got=repr(value[:40]))
    return value
