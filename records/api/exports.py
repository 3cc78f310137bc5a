"""Whole lists as files: streamed row by row, scoped and audited as the lists are."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request

from records import access, viewers
from records.api.base import Resource
from records.api.paging import KEY
from records.api.rendering import JSONRenderer, to_json
from records.api.shapes import Row, chosen, read
from records.codecs.csv_lines import cell, line_writer
from records.domain.context import in_this_context
from records.domain.exports import log_export

CHUNK = 1000
EXPORT = "export"


class CSVFile(JSONRenderer):
    """Chosen by who accepts CSV; a refusal is a problem all the same."""

    media_type = "text/csv"
    format = "csv"


class NDJSONFile(JSONRenderer):
    """Chosen by who accepts a JSON object on each line (ndjson.org)."""

    media_type = "application/x-ndjson"
    format = "ndjson"


class WithExport(Resource):
    """A resource whose list can be had as a file.

    For who may see such rows by role: a grant on a single patient exports nothing, as in the
    admin.
    """

    def needs_any(self) -> tuple[str, ...]:
        """Ask for the permission that the admin's export asks for."""
        if self.action == EXPORT:
            return (f"view_{self.model._meta.model_name}",)
        return super().needs_any()

    def parameters(self) -> frozenset[str]:
        """Return the names that the query of this action may hold: the list's, without pages."""
        if self.action == EXPORT and self.request.method in ("GET", "HEAD"):
            filterset: Any = getattr(self, "filterset_class", None)
            return frozenset({"as_of", "fields", *(filterset.base_filters if filterset else ())})
        return super().parameters()

    def in_sight(self) -> QuerySet[Any]:
        """Return the rows that this action reaches; an export those by role only."""
        if self.action == EXPORT:
            return access.at_work(self.request.user, self.model)
        return super().in_sight()

    @action(detail=False, methods=["get"], renderer_classes=(CSVFile, NDJSONFile))
    def export(self, request: Request, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        """Export the rows of the list, all of them, as CSV or as a JSON object on each line.

        `Accept: text/csv` (the usual one) or `application/x-ndjson`. Rows stream in the order of
        their making. An answer that breaks off is not whole.
        """
        paths = chosen(self.shape, request.query_params.get("fields"))
        self.filter_queryset(self.get_queryset())  # a wrong filter is refused at once
        chunks = self._chunks(paths)
        renderer: Any = request.accepted_renderer
        lines = _csv(paths, chunks) if renderer.format == "csv" else _ndjson(chunks)
        name = f"{self.model._meta.model_name}-{timezone.now():%Y%m%d-%H%M%S}.{renderer.format}"
        return StreamingHttpResponse(
            in_this_context(lines),
            content_type=f"{renderer.media_type}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _chunks(self, paths: dict[str, str]) -> Iterator[list[Row]]:
        """Yield the rows, a thousand at a time, each thousand after it was audited."""
        user, moment, columns = self.request.user, self.moment(), self._patient()
        run = uuid.uuid4()
        if not columns:
            log_export(by=user, model=self.model, run=run, fields=list(paths))
        chunk = self._after(0, paths)
        while chunk:
            self.complete(chunk, moment)
            if columns:
                patients = {row.kept[column] for row in chunk for column in columns}
                log_export(
                    by=user, model=self.model, run=run, fields=list(paths), patients=patients
                )
            yield chunk
            chunk = self._after(chunk[-1].kept[KEY], paths)

    def _after(self, key: int, paths: dict[str, str]) -> list[Row]:
        """Return the next thousand rows that the caller may see by now.

        An export takes its time: an account that was switched off meanwhile, or lost its role,
        gets no more. Raises ``PermissionDenied``, which breaks the answer off.
        """
        with viewers.rights_read_once():
            asker: Any = self.request.user
            user = get_user_model()._default_manager.get(pk=asker.pk)
            access.require(user, f"view_{self.model._meta.model_name}")
            self.request.user = user
            rows = self.filter_queryset(self.get_queryset()).filter(**{f"{KEY}__gt": key})
            return read(rows.order_by(KEY)[:CHUNK], paths, KEY, *self._patient())


def _csv(paths: dict[str, str], chunks: Iterator[list[Row]]) -> Iterator[str]:
    write = line_writer()
    yield write(paths)
    for chunk in chunks:
        yield "".join([write(map(cell, row.shown.values())) for row in chunk])


def _ndjson(chunks: Iterator[list[Row]]) -> Iterator[bytes]:
    for chunk in chunks:
        yield b"".join([to_json(row.shown) + b"\n" for row in chunk])
