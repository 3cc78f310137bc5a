"""A file as the body of a request: read piece by piece, never whole in memory."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from records.api.problems import Problem

PIECE = 512 * 1024
"""Bytes; fits a packet of any MariaDB (``max_allowed_packet``)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was received: kept in memory while small, then in a file without a name."""

    content: IO[bytes]
    size: int
    digest: str

    def pieces(self) -> Iterator[bytes]:
        """Yield the file from its start."""
        self.content.seek(0)
        while piece := self.content.read(PIECE):
            yield piece


class CSVUpload(BaseParser):
    """Receive a CSV file of a bounded size (``settings.API_MAX_IMPORT``, bytes)."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the file, an ``Upload``; raise ``Problem`` (413)."""
        limit: int = settings.API_MAX_IMPORT
        content = tempfile.SpooledTemporaryFile(PIECE)  # noqa: SIM115 (closed with the request)
        digest, size = hashlib.sha256(), 0
        while piece := stream.read(PIECE):
            size += len(piece)
            if size > limit:
                content.close()
                detail = _("The file may have %(limit)s bytes at most.") % {"limit": limit}
                raise Problem("too-large", HTTP_413_REQUEST_ENTITY_TOO_LARGE, detail)
            digest.update(piece)
            content.write(piece)
        return Upload(content, size, digest.hexdigest())
