"""Signed codes as they are handed over: as text, as a picture, as a file of cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from records.codecs import qr, shc
from records.codecs.credentials import Malformed
from records.domain.verification import LINK, format_of

MAX_BYTES = 20 * 1024 * 1024
CHUNKED = "shc:/1/"


class GivenCode(NamedTuple):
    """A code, and where it was found: ``file`` or ``file:number``; empty for a text."""

    source: str
    text: str


def files_in(given: Iterable[str]) -> list[str]:
    """Return what was given with each folder replaced by its files, in order of their names."""
    named: list[str] = []
    for each in given:
        if format_of(each) is None and _is(Path(each), Path.is_dir):
            named += [str(path) for path in sorted(Path(each).iterdir()) if path.is_file()]
        else:
            named.append(each)
    return named


def codes_in(given: str) -> list[GivenCode]:
    """Return the codes in a file of this name; a text that names none is itself a code.

    Raises ``Malformed`` for a file without any, or a damaged one.
    """
    path = Path(given)
    if format_of(given) or LINK in given or not _is(path, Path.is_file):
        return [GivenCode("", given)]
    return numbered(path.name, _texts(path))


def numbered(name: str, texts: Iterable[str]) -> list[GivenCode]:
    """Return the codes among texts; where there are several texts, each with its number."""
    every = list(texts)
    return [
        GivenCode(f"{name}:{number}" if len(every) > 1 else name, text)
        for number, text in enumerate(map(str.strip, every), start=1)
        if text
    ]


def _texts(path: Path) -> list[str]:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Malformed(f"{path.name}: larger than {MAX_BYTES // 1024 // 1024} MB")
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        text = ""
    if text.startswith("{"):
        found = shc.read_file(data)
    elif text:
        # A card in chunks is one code on several lines.
        found = [text] if CHUNKED in text else text.splitlines()
    else:
        found = qr.read(data)
    if not any(found):
        raise Malformed(f"{path.name}: no code was found in it")
    return found


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(path)
    except OSError:  # too long for a name
        return False
