"""What a caller is told of an error."""

from __future__ import annotations

import logging
import traceback

from hushwork.errors import HushworkError
from hushwork.wire.messages import ErrorMessage, encode, http_status, to_message

_log = logging.getLogger(__name__)


def refusal(error: Exception) -> tuple[bytes, int]:
    """An encoded ErrorMessage and its HTTP status. An error of the service's own is logged."""
    if isinstance(error, HushworkError):
        return encode(to_message(error)), http_status(error)
    # An exception's text may repeat what a caller sent, so only its kind and place are logged.
    place = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s in a handler\n%s", type(error).__name__, place)
    return encode(ErrorMessage("internal", "internal error")), 500
