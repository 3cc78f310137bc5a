"""The pages of Analytics, under ``/figures/``: doses by month, vaccine and clinic.

De-identified: what is about fewer than five people is left out of every number, chart and file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from records.codecs.csv_lines import line_writer
from records.domain import figures
from records.domain.figures import SMALLEST, Covered, Sum
from records.web import charts
from records.web.charts import Chart, Value
from records.web.staff import staff_page

COVERAGE = "view_coverage_figures"
FIRST_YEAR, LAST_YEAR = 1900, 9998
LONGEST_MONTH = 5  # letters under a column
BARS = 12
"""The longest bars of a chart; the table beside it has them all."""


class CoverageForm(forms.Form):
    """Which year, clinic and vaccine; empty: this year, all of them."""

    year = forms.IntegerField(
        label=gettext_lazy("Year"), required=False, min_value=FIRST_YEAR, max_value=LAST_YEAR
    )
    clinic = forms.CharField(label=gettext_lazy("Clinic"), required=False, widget=forms.Select)
    vaccine = forms.CharField(label=gettext_lazy("Vaccine"), required=False, widget=forms.Select)

    def clean_year(self) -> int:
        """Return the year."""
        return self.cleaned_data["year"] or timezone.localdate().year

    def offer(self, rows: Iterable[Covered]) -> None:
        """Let the person choose from what there is in the year, and what is chosen already."""
        clinics = {row.clinic_code: row.clinic for row in rows if row.clinic_code}
        vaccines = {row.cvx_code: row.vaccine for row in rows}
        for name, found in (("clinic", clinics), ("vaccine", vaccines)):
            chosen = self.cleaned_data.get(name)
            known = found if not chosen else {chosen: chosen, **found}
            widget: Any = self.fields[name].widget
            by_name = sorted(known.items(), key=lambda pair: pair[1].casefold())
            widget.choices = [("", _("All")), *by_name]

    def narrow(self, rows: Iterable[Covered]) -> list[Covered]:
        """Return the groups that were asked for."""
        data = self.cleaned_data
        return figures.narrowed(rows, clinic_code=data["clinic"], cvx_code=data["vaccine"])


@require_safe
@staff_page(COVERAGE)
def coverage(request: HttpRequest) -> HttpResponse:
    """Show the doses of a year as charts and tables."""
    form = CoverageForm(request.GET)
    if not form.is_valid():
        form.offer([])
        return render(request, "staff/figures.html", {"form": form}, status=400)
    year = form.cleaned_data["year"]
    found = figures.coverage_figures(by=request.user, year=year).rows
    form.offer(found)
    rows = form.narrow(found)
    form.data = {**request.GET.dict(), "year": year}  # as it was understood
    context = {
        "form": form,
        "year": year,
        "earlier": year - 1,
        "later": year + 1,
        "smallest": SMALLEST,
        "rows": rows,
        "sections": _sections(year, rows),
        "query": request.GET.urlencode(),
    }
    return render(request, "staff/figures.html", context)


@require_safe
@staff_page(COVERAGE)
def coverage_file(request: HttpRequest) -> HttpResponse:
    """Return the groups on the page as CSV; that they leave is audited first."""
    form = CoverageForm(request.GET)
    if not form.is_valid():
        return HttpResponse("Unknown year.\n", status=400, content_type="text/plain")
    year = form.cleaned_data["year"]
    rows = form.narrow(figures.export_coverage(by=request.user, year=year))
    write = line_writer()
    return HttpResponse(
        [write(figures.EXPORTED), *(write(figures.exported(row)) for row in rows)],
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="coverage-{year}.csv"'},
    )


def _sections(year: int, rows: list[Covered]) -> list[tuple[Chart, str, list[Value]]]:
    """Return each chart with the title of its table's first column and the rows of the table."""
    months = figures.summed(rows, lambda row: row.month)
    days = [dt.date(year, month, 1) for month in range(1, 13)]
    short, whole = (
        [_value(date_format(day, form), months.get(day, Sum(0, False))) for day in days]
        for form in (_short_month(days), "F")
    )
    vaccines = _longest_first(
        figures.summed(rows, lambda row: (f"{row.vaccine} (CVX {row.cvx_code})", row.cvx_code))
    )
    clinics = _longest_first(
        figures.summed(rows, lambda row: (row.clinic or _("Elsewhere"), row.clinic_code))
    )
    return [
        (
            charts.columns("months", _("Doses by month"), _describe(year, whole), short),
            _("Month"),
            whole,
        ),
        *(
            (charts.rows(name, title, _describe(year, values), values[:BARS]), head, values)
            for name, title, head, values in (
                ("vaccines", _("Doses by vaccine"), _("Vaccine"), vaccines),
                ("clinics", _("Doses by clinic"), _("Clinic"), clinics),
            )
        ),
    ]


def _short_month(days: list[dt.date]) -> str:
    """Return the short format of months: the number where a language does not shorten names."""
    return "M" if all(len(date_format(day, "M")) <= LONGEST_MONTH for day in days) else "n"


def _longest_first(sums: dict[tuple[str, str], Sum]) -> list[Value]:
    ordered = sorted(sums.items(), key=lambda pair: (-pair[1].doses, pair[0]))
    return [_value(label, found) for (label, _code), found in ordered]


def _value(label: str, found: Sum) -> Value:
    """Return a number, and the words for what small groups would add to it."""
    if not found.has_small:
        return Value(label, found.doses, charts.compact(found.doses), str(found.doses))
    if not found.doses:
        return Value(label, 0, _("few"), _("small groups only"))
    words = _("%(doses)d and small groups") % {"doses": found.doses}
    return Value(label, found.doses, f"{charts.compact(found.doses)}+", words)


def _describe(year: int, values: list[Value]) -> str:
    """Return what a chart shows, for who does not see it; the table has the numbers."""
    words = _most(year, values)
    if len(values) > BARS:
        rest = _("The chart has the first %(bars)d; the table has all %(count)d.")
        words += " " + rest % {"bars": BARS, "count": len(values)}
    return words


def _most(year: int, values: list[Value]) -> str:
    longest = max(values, key=lambda value: value.number, default=None)
    if longest is None or not longest.number:
        return _("No number of %(year)d is large enough to be shown.") % {"year": year}
    about = {"year": year, "label": longest.label, "words": longest.words}
    return _("In %(year)d, the most doses: %(label)s, %(words)s.") % about
