"""The head of the audit's seals: a file outside the database with one line for each seal.

Whoever can change the database but not this file cannot take the newest seals away unseen.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from records.models import AuditSeal


class HeadBusy(Exception):
    """Another process holds the head file: it is sealing."""


@dataclass(frozen=True, slots=True)
class HeadLine:
    """What the file says of one seal; ``number`` 0 is a line that cannot be read."""

    number: int
    digest: str


class Head:
    """The open file, held by this process alone."""

    def __init__(self, file: BinaryIO) -> None:
        """Cut off a line that a crash left half written; its seal is appended again."""
        self._file = file
        text = file.read()
        self._file.truncate(text.rfind(b"\n") + 1)
        self.lines = parsed(text)

    def append(self, seal: AuditSeal) -> None:
        """Write the line of a seal through to the disk."""
        line = {
            "seal": seal.number,
            "digest": seal.digest,
            "key": seal.key_id,
            "to_id": seal.to_id,
            "entries": seal.entries,
            "sealed_at": seal.sealed_at.isoformat(),
        }
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.lines.append(HeadLine(seal.number, seal.digest))


@contextmanager
def open_head() -> Iterator[Head]:
    """Open ``AUDIT_HEAD_FILE`` for appending, made if it is absent; raises ``HeadBusy``."""
    path = Path(settings.AUDIT_HEAD_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with open(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HeadBusy from error
        yield Head(file)


def read_head() -> list[HeadLine]:
    """Return the lines of ``AUDIT_HEAD_FILE``; none when there is no file."""
    path = Path(settings.AUDIT_HEAD_FILE)
    return parsed(path.read_bytes()) if path.exists() else []


def parsed(text: bytes) -> list[HeadLine]:
    """Return the whole lines of a head file; a half-written last one does not count."""
    return [_line(line) for line in text.split(b"\n")[:-1]]


def _line(line: bytes) -> HeadLine:
    try:
        content = json.loads(line)
        return HeadLine(int(content["seal"]), str(content["digest"]))
    except (ValueError, KeyError, TypeError):
        return HeadLine(0, "")
