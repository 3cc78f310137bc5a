"""The history of a record and the record as it was."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records import history
from records.admin.forms import shown
from records.domain.reading import HISTORY, named_by, note_read
from records.models import Clinic, Record
from records.wording import reason_words

KINDS = {"+": _("Added"), "~": _("Changed"), "-": _("Deleted")}


class MomentForm(forms.Form):
    """A moment in UTC."""

    at = forms.DateTimeField(
        label=_("Moment (UTC)"),
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"
        ),
    )


class PastMixin:
    """Gives a ModelAdmin its history page and its as-of page."""

    admin_site: Any
    model: type[Record]
    opts: Any

    def past_urls(self) -> list[URLPattern]:
        """Return the address of the as-of page; Django has one for the history."""
        return [
            path(
                "<path:object_id>/as-of/",
                self.admin_site.admin_view(self.as_of_view),
                name=f"{self.opts.app_label}_{self.opts.model_name}_as_of",
            )
        ]

    def has_history_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may read earlier versions of such records."""
        user: Any = request.user
        return user.has_perm(f"records.view_historical{self.opts.model_name}")

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show every version with who, when, why and what differed."""
        record = self._seen(request, object_id)
        entries = history.changes_of(record)
        _note(request, record, *(entry.version for entry in entries))
        zone = zone_of(record)
        versions = [
            {
                "number": entry.version.version,
                "kind": KINDS[entry.version.history_type],
                "at": entry.version.history_date,
                "local": local_text(entry.version.history_date, zone),
                "by": entry.version.history_user,
                "reason": reason_words(entry.version.history_change_reason),
                "changes": entry.changes,
                "as_of": f"{self._as_of_url(record)}?{_query(entry.version.history_date)}",
            }
            for entry in entries
        ]
        return self._page(
            request,
            record,
            "admin/records/history.html",
            title=_("History"),
            versions=versions,
            page_name=_("History"),
            **(extra_context or {}),
        )

    def as_of_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the fields of a record as they were at the moment ``?at=``."""
        record = self._seen(request, object_id)
        given = "at" in request.GET
        form = MomentForm(request.GET if given else {"at": timezone.now()})
        moment = form.cleaned_data["at"] if form.is_valid() else None
        version = history.record_as_of(record, moment) if moment else None
        _note(request, record, *([version] if version else []))
        if moment is not None:
            form = MomentForm(initial={"at": rounded_up(moment)})
        return self._page(
            request,
            record,
            "admin/records/as_of.html",
            title=_("As of a moment"),
            form=form,
            moment=f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "",
            version=version,
            rows=_rows(record, version) if version else [],
            page_name=_("As of a moment"),
        )

    def _seen(self, request: HttpRequest, object_id: str) -> Any:
        if not self.has_history_permission(request):
            raise PermissionDenied
        record = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if record is None:
            raise Http404
        return record

    def _as_of_url(self, record: Any) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_as_of"
        return reverse(name, args=[record.pk])

    def _page(
        self, request: HttpRequest, record: Any, template: str, **context: Any
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "object": record,
            "subtitle": str(record),
            "as_of_url": self._as_of_url(record),
        }
        return TemplateResponse(request, template, {**shared, **context})


def _note(request: HttpRequest, *rows: Any) -> None:
    note_read(by=request.user, patients=named_by(rows), what=HISTORY)


def zone_of(record: Any) -> ZoneInfo | None:
    """Return the time zone of the clinic that a record is or names."""
    clinic = record if isinstance(record, Clinic) else getattr(record, "clinic", None)
    return ZoneInfo(clinic.time_zone) if clinic is not None else None


def local_text(moment: dt.datetime, zone: ZoneInfo | None) -> str:
    """Return the clinic's own time of a moment, or nothing without a clinic."""
    return f"{moment.astimezone(zone):%H:%M %Z}" if zone else ""


def rounded_up(moment: dt.datetime) -> dt.datetime:
    """Return the next whole second: a picker has no finer ones and must not fall before."""
    if moment.microsecond:
        return moment.replace(microsecond=0) + dt.timedelta(seconds=1)
    return moment


def _query(moment: dt.datetime) -> str:
    return urlencode({"at": moment.isoformat()})


def _rows(record: Any, version: Any) -> list[dict[str, Any]]:
    """Return each field as it was, with what it is now where that differs."""
    rows = []
    for field in record._meta.fields:
        if field.name in {"id", "public_id"} or not hasattr(version, field.attname):
            continue
        was, now = getattr(version, field.attname), getattr(record, field.attname)
        rows.append(
            {
                "label": str(field.verbose_name),
                "was": shown(version, field.name),
                "now": shown(record, field.name) if was != now else "",
                "differs": was != now,
            }
        )
    return rows
