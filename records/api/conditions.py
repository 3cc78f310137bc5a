"""Conditional requests (RFC 9110): which version a change starts from, what a reader has."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.problems import Problem

VERSION = re.compile(r'"([1-9]\d{0,8})"')
NEEDED = _('Say in If-Match which version you saw, e.g. If-Match: "3".')


def etag_of(version: int) -> str:
    """Return the entity tag of a record's version."""
    return f'"{version}"'


def seen_version(request: Request) -> int:
    """Return the version that a change starts from: one strong entity tag in ``If-Match``.

    Raises ``Problem`` (428) without one or for ``*``, and ``ParseError`` for anything else.
    """
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        raise Problem("version-needed", status.HTTP_428_PRECONDITION_REQUIRED, NEEDED)
    match = VERSION.fullmatch(header)
    if match is None:
        raise ParseError(NEEDED)
    return int(match[1])


def answer(request: Request, data: Any, etag: str) -> Response:
    """Return what was read, or 304 for who has it already; the caller has audited the read."""
    if has(request, etag):
        response = Response(status=status.HTTP_304_NOT_MODIFIED)
    else:
        response = Response(data)
    response["ETag"] = etag
    return response


def has(request: Request, etag: str) -> bool:
    """Tell whether the reader has what this entity tag names (``If-None-Match``)."""
    wanted = request.headers.get("If-None-Match")
    if wanted is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    return etag in tags or "*" in tags
