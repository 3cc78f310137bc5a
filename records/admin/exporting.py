"""Export of a selection or of a filtered list as CSV: streamed, audited, harmless."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.access import visible_to
from records.codecs.csv_lines import harmless, line_writer
from records.domain.context import in_this_context
from records.domain.exports import log_export

CHUNK = 1000


class ExportMixin:
    """Gives a list its export; ``export_columns`` maps each column's title to a look-up.

    ``export_patient`` is the look-up of the patient whom a row is about, if it is about one.
    """

    export_columns: ClassVar[dict[str, str]] = {}
    export_patient: ClassVar[str] = ""
    model: Any

    def get_actions(self, request: HttpRequest) -> Any:
        """Offer the export where there is something to export."""
        actions = super().get_actions(request)  # type: ignore[misc]
        if not self.export_columns:
            actions.pop("export_csv", None)
        return actions

    @admin.action(description=_("Export as CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Any]) -> StreamingHttpResponse:
        """Stream the chosen rows; each thousand is audited before it leaves."""
        lines = self._lines(request.user, queryset)
        name = f"{self.model._meta.model_name}-{timezone.now():%Y%m%d-%H%M%S}.csv"
        return StreamingHttpResponse(
            in_this_context(lines),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _lines(self, user: Any, rows: QuerySet[Any]) -> Iterator[str]:
        write = line_writer()
        yield write(list(self.export_columns))
        run = uuid.uuid4()
        fields = list(self.export_columns)
        if not self.export_patient:
            log_export(by=user, model=self.model, run=run, fields=fields)
        for keys in _chunks(rows):
            chunk = visible_to(user, self.model).filter(pk__in=keys).order_by("-pk")
            if self.export_patient:
                patients = set(chunk.values_list(self.export_patient, flat=True))
                log_export(by=user, model=self.model, run=run, fields=fields, patients=patients)
            for row in chunk.values_list(*self.export_columns.values()):
                yield write([harmless(value) for value in row])


def _chunks(rows: QuerySet[Any]) -> Iterator[list[int]]:
    """Return the keys, a thousand at a time, newest first, never with an OFFSET."""
    rows = rows.prefetch_related(None).order_by("-pk")
    keys = list(rows.values_list("pk", flat=True)[:CHUNK])
    while keys:
        yield keys
        keys = list(rows.filter(pk__lt=keys[-1]).values_list("pk", flat=True)[:CHUNK])
