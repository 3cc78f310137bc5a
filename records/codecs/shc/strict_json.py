"""JSON with one meaning: UTF-8, no key twice, finite numbers, bounded depth (RFC 8259, 7493)."""

from __future__ import annotations

import json
from typing import Any

import orjson

from records.codecs.credentials import Malformed


def load(raw: bytes, what: str) -> dict[str, Any]:
    """Return the object that a text holds.

    Raises ``Malformed``, naming ``what``. orjson refuses bad UTF-8, lone surrogates, NaN and
    numbers beyond a double when it reads, and a depth of more than 254 when it writes.
    """
    try:
        value = orjson.loads(raw)
        # A text that is written again just as it was holds no key twice; only others, with blanks
        # or escapes, need the slower look.
        if orjson.dumps(value) != raw:
            json.loads(raw, object_pairs_hook=_unrepeated)
    except Malformed as error:
        raise Malformed(f"{what}: {error}") from None
    except (ValueError, TypeError, RecursionError):
        raise Malformed(f"{what}: not JSON in UTF-8, or nested too deeply") from None
    if not isinstance(value, dict):
        raise Malformed(f"{what}: not a JSON object")
    return value


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a key stands twice")
    return found
