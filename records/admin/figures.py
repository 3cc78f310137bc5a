"""Figures of doses without identity: for Logistics by lot, for Analytics by month."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from records.access import visible_to
from records.domain import figures
from records.models import Clinic

SUPPLY, COVERAGE = "records.view_supply_figures", "records.view_coverage_figures"
USUAL = dt.timedelta(days=30)
LONGEST = dt.timedelta(days=366)
FIRST_YEAR = 1900
PAGES = (
    (SUPPLY, "admin:figures_supply", gettext_lazy("Doses by lot")),
    (COVERAGE, "admin:figures_coverage", gettext_lazy("Coverage")),
)


class SupplyForm(forms.Form):
    """Which lot, which clinic, and when; empty: all, in the last 30 days."""

    lot = forms.CharField(max_length=40, required=False, label=gettext_lazy("Lot number"))
    clinic = forms.ModelChoiceField(
        queryset=Clinic.objects.none(),
        required=False,
        label=gettext_lazy("Clinic"),
        to_field_name="code",
        empty_label=gettext_lazy("All"),
    )
    since = forms.DateField(
        required=False,
        label=gettext_lazy("From"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        required=False,
        label=gettext_lazy("To"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        """Offer the clinics in sight."""
        super().__init__(*args, **kwargs)
        clinic: Any = self.fields["clinic"]
        clinic.queryset = visible_to(user, Clinic)

    def clean(self) -> dict[str, Any]:
        """Fill in the period; without a lot, a year at most is counted."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        usual = LONGEST if data["lot"] else USUAL
        data["until"] = data["until"] or timezone.localdate()
        data["since"] = data["since"] or data["until"] - usual
        if data["since"] > data["until"]:
            raise ValidationError({"until": _("The period ends before it starts.")})
        if not data["lot"] and data["until"] - data["since"] > LONGEST:
            raise ValidationError({"since": _("Name a lot, or a period of a year at most.")})
        return data


class YearForm(forms.Form):
    """Which year; empty: this one."""

    year = forms.IntegerField(
        required=False, label=gettext_lazy("Year"), min_value=FIRST_YEAR, max_value=9998
    )

    def clean_year(self) -> int:
        """Return the year."""
        return self.cleaned_data["year"] or timezone.localdate().year


@require_safe
def supply_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """Show how many doses were given of which lot, by clinic and day."""
    _require(request, SUPPLY)
    form = SupplyForm(request.GET, user=request.user)
    rows: list[figures.Supplied] = []
    period: dict[str, dt.date] = {}
    if form.is_valid():
        data = form.cleaned_data
        period = {"since": data["since"], "until": data["until"]}
        rows = figures.supply_figures(
            by=request.user,
            **period,
            lot_number=data["lot"],
            clinic_code=data["clinic"].code if data["clinic"] else "",
        )
    context = {
        **period,
        "title": _("Doses by lot"),
        "form": form,
        "rows": rows[: figures.MOST],
        "is_cut": len(rows) > figures.MOST,
        "most": figures.MOST,
    }
    return _page(request, site, "admin/records/figures_supply.html", context)


@require_safe
def coverage_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """Show the doses of a year by month, vaccine and clinic, small figures left out."""
    _require(request, COVERAGE)
    form = YearForm(request.GET)
    context: dict[str, Any] = {"title": _("Coverage"), "form": form, "smallest": figures.SMALLEST}
    if form.is_valid():
        year = form.cleaned_data["year"]
        context["coverage"] = figures.coverage_figures(by=request.user, year=year)
        context["year"] = year
        context["file_url"] = f"{reverse('admin:figures_coverage_file')}?year={year}"
    return _page(request, site, "admin/records/figures_coverage.html", context)


@require_safe
def coverage_file(request: HttpRequest) -> HttpResponse:
    """Return the rows of a year as CSV; that they left is audited first."""
    _require(request, COVERAGE)
    form = YearForm(request.GET)
    if not form.is_valid():
        return HttpResponse("Unknown year.\n", status=400, content_type="text/plain")
    year = form.cleaned_data["year"]
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="coverage-{year}.csv"'},
    )
    write = csv.writer(response).writerow
    write(figures.EXPORTED)
    for row in figures.export_coverage(by=request.user, year=year):
        write(figures.exported(row))
    return response


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the addresses of the pages within the admin."""
    pages: tuple[tuple[str, Callable[..., HttpResponse], dict[str, AdminSite], str], ...] = (
        ("figures/supply/", supply_page, {"site": site}, "figures_supply"),
        ("figures/coverage/", coverage_page, {"site": site}, "figures_coverage"),
        ("figures/coverage.csv", coverage_file, {}, "figures_coverage_file"),
    )
    return [
        path(route, site.admin_view(view), given, name=name) for route, view, given, name in pages
    ]


def section(user: Any) -> list[dict[str, Any]]:
    """Return the links to the pages that ``user`` may open, as a part of the admin's list."""
    models = [
        {"name": title, "object_name": name, "admin_url": reverse(name), "view_only": True}
        for permission, name, title in PAGES
        if user.has_perm(permission)
    ]
    if not models:
        return []
    url = reverse("admin:app_list", args=["records"])
    return [{"name": _("Figures"), "app_label": "records", "app_url": url, "models": models}]


def _require(request: HttpRequest, permission: str) -> None:
    """Decide before anything is read, the form's choices too."""
    user: Any = request.user
    if not user.has_perm(permission):
        raise PermissionDenied


def _page(
    request: HttpRequest, site: AdminSite, template: str, context: dict[str, Any]
) -> TemplateResponse:
    request.current_app = site.name
    return TemplateResponse(request, template, {**site.each_context(request), **context})
