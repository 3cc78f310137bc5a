"""The barcode of a vial: GS1 element strings, as a scanner types them.

GS1 General Specifications: application identifiers 01 (GTIN), 10 (batch or lot number) and
17 (expiry, YYMMDD; day 00 is the last of the month).
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from biip import ParseError
from biip.gs1_messages import GS1Message

LONGEST = 200  # characters; a vial's code has some 50
SYMBOLOGY = 3  # characters of the mark by which a scanner tells the kind of a code, e.g. ``]d2``


class NotAVial(ValueError):
    """A text is no GS1 code, or one that does not name one lot."""


class Vial(NamedTuple):
    """What a vial says of itself; who makes it is in its GTIN, by which no lot is known here."""

    lot_number: str
    expires_on: dt.date | None = None


def read_vial(text: str) -> Vial:
    """Return what the code says, as scanned or as printed below it (``(01)…(17)…(10)…``).

    Raises ``NotAVial``.
    """
    text = text.strip()
    if text.startswith("]"):
        text = text[SYMBOLOGY:]
    # What biip would read of other digits than these is nothing that a scanner sends.
    if not text or len(text) > LONGEST or not text.isascii():
        raise NotAVial("This is no GS1 code.")
    try:
        message = GS1Message.parse_hri(text) if text.startswith("(") else GS1Message.parse(text)
    except (ParseError, ValueError) as error:
        raise NotAVial("This is no GS1 code.") from error
    found = {each.ai.ai: each for each in message.element_strings}
    if len(found) != len(message.element_strings):
        raise NotAVial("This code says something twice.")
    if "10" not in found:
        raise NotAVial("This code names no lot.")
    if "01" in found and found["01"].gtin is None:
        raise NotAVial("The product's number has a wrong check digit.")
    return Vial(found["10"].value, found["17"].date if "17" in found else None)
