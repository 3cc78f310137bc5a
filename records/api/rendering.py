"""JSON in and out, by orjson: values of the database need no conversion of their own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from records.api.problems import Problem

ANYTHING = "*/*"
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class JSONRenderer(BaseRenderer):
    """Write dates, times (UTC, ``Z``), UUIDs and dataclasses as JSON."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the body; empty without data."""
        return b"" if data is None else to_json(data)


class Negotiation(DefaultContentNegotiation):
    """Choose at once for who takes anything, or names just what stands first."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        """Return the renderer and its media type; raise ``NotAcceptable``."""
        first = renderers[0]
        if request.headers.get("Accept", ANYTHING) in (ANYTHING, first.media_type):
            return first, first.media_type
        chosen: tuple[Any, str] = super().select_renderer(request, renderers, format_suffix)
        return chosen


class JSONParser(BaseParser):
    """Read a JSON object of a bounded size (``settings.API_MAX_BODY``, bytes)."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object; raise ``Problem`` (413), ``ParseError`` or ``ValidationError``."""
        limit: int = settings.API_MAX_BODY
        body = stream.read(limit + 1)
        if len(body) > limit:
            detail = _("The body may have %(limit)s bytes at most.") % {"limit": limit}
            raise Problem("too-large", HTTP_413_REQUEST_ENTITY_TOO_LARGE, detail)
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(_("This is no JSON: %(error)s.") % {"error": error}) from error
        if not isinstance(data, dict):
            raise ParseError(_("The body must be a JSON object."))
        try:
            orjson.dumps(data)  # goes less deep than it reads
            json.loads(body, object_pairs_hook=_once_each)
        except (TypeError, RecursionError) as error:
            raise ParseError(_("The body is nested too deeply.")) from error
        return data


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; refuse a name that it has twice, of which readers take either value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _value in pairs)
        twice = sorted(name for name, count in counts.items() if count > 1)
        raise ValidationError(dict.fromkeys(twice, _("Given more than once.")), code="repeated")
    return found


def to_json(data: Any) -> bytes:
    """Return ``data`` as JSON, the same bytes for the same values."""
    return orjson.dumps(data, default=str, option=OPTIONS)
