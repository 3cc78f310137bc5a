"""Names as travel documents write them for machines: ``[A-Z<]`` (ICAO Doc 9303, part 3)."""

from __future__ import annotations

import re
import unicodedata
from string import ascii_uppercase

from records.codecs.hcert.letters import (
    ARABIC,
    CYRILLIC,
    DOUBLED,
    GREEK,
    GREEK_PAIRS,
    LAST_TEH,
    LATIN,
)

LONGEST = 80  # characters: the schema's bound
FILLER = "<"

_APOSTROPHES = dict.fromkeys(
    map(ord, "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02bf\u2018\u2019\u201b\uff07")
)
_GAPS = re.compile(r"[\s\u002d\u2010-\u2015\u2212]+")
_GREEK_WORD = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff][\u0300-\u03ff\u1f00-\u1fff]*")
_DIAERESIS = "\u0308"
_PLAIN = {letter: letter for letter in ascii_uppercase}
_FORMS = {**_PLAIN, **LATIN, **CYRILLIC, **ARABIC, **GREEK}


def transliterate(name: str) -> str:
    """Return the name in capitals A to Z, its parts set apart by ``<``, at most 80 characters.

    Marks, apostrophes and whatever the standard has no letters for are left out, so the answer
    can be empty.
    """
    name = unicodedata.normalize("NFKC", name.translate(_APOSTROPHES)).upper()
    parts = (_part(part) for part in _GAPS.split(name))
    return FILLER.join(filter(None, parts))[:LONGEST].rstrip(FILLER)


def _part(part: str) -> str:
    if part.endswith(LAST_TEH[0]):
        part = part.removesuffix(LAST_TEH[0]) + LAST_TEH[1]
    forms: list[str] = []
    for letter in _GREEK_WORD.sub(_greek, part):
        if letter == DOUBLED:
            forms += forms[-1:]
        elif form := _form(letter):
            forms.append(form)
    return "".join(forms)


def _form(letter: str) -> str:
    """Return what a letter becomes: its own form, or its base letters without their marks."""
    if letter in _FORMS:
        return _FORMS[letter]
    bases = unicodedata.normalize("NFD", letter)
    return "".join(_FORMS.get(base, "") for base in bases)


def _greek(found: re.Match[str]) -> str:
    """Return a Greek word with its accents left out and what sounds together written together."""
    decomposed = unicodedata.normalize("NFD", found[0])
    word = "".join(c for c in decomposed if c == _DIAERESIS or not unicodedata.combining(c))
    for pair, form in GREEK_PAIRS:
        word = re.sub(pair, form, word)
    return word
