"""Doses: record, amend, void."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.access import visible_to
from records.admin.acts import Act, Facts, doses_counted, patients_counted
from records.admin.base import RecordAdmin, RecordChoice, badge
from records.admin.filters import (
    AtClinic,
    DoseStatusFilter,
    FromLot,
    GivenLately,
    OfPatient,
    OfVolunteer,
)
from records.admin.forms import ChangeForm, RecordForm, add_domain_errors, reason_field
from records.admin.paging import together
from records.admin.searching import as_date, doses_from, patients_of
from records.domain import doses
from records.domain.dose_warnings import WARNINGS
from records.domain.errors import StaleVersion
from records.domain.reading import LIST, named_by, note_read
from records.models import Dose, DoseStatus, Lot, StagedDose
from records.wording import Text, reason_words

GIVEN = ("administered_on", "lot", "clinic", "volunteer", "site", "route")
ELSEWHERE = ("primary_source", "vaccine", "manufacturer")
MOST = 200


class LotMixin(forms.ModelForm):
    """The lot as one chooser: its two columns are never filled in apart."""

    lot = RecordChoice(
        queryset=Lot.objects.none(),
        required=False,
        label=gettext_lazy("Lot"),
        help_text=gettext_lazy(
            "The number on the vial. Leave it empty only where nobody knows it."
        ),
    )
    user: ClassVar[Any] = None
    warnings: ClassVar[Mapping[str, Text]] = {rule.code: rule.message for rule in WARNINGS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the lots in sight, by search."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["lot"]
        field.queryset = visible_to(self.user, Lot).select_related("manufacturer", "vaccine")
        # The widget asks for a reference by one column, which that of a dose is not.
        reference: Any = StagedDose._meta.get_field("lot")
        field.widget = AutocompleteSelect(reference, admin.site)
        field.widget.choices = field.choices
        if self.instance.pk:
            self.initial["lot"] = self.instance.lot


class RecordDoseForm(LotMixin, RecordForm):
    """Records a dose."""

    def write(self) -> Dose:
        """Record."""
        shown = (
            "patient",
            *GIVEN,
            *ELSEWHERE,
            "dose_number",
            "status",
            "status_reason",
            "external_source",
            "external_id",
        )
        return doses.record_dose(
            by=self.user, confirmed=self.cleaned_data["confirmed"], **self.values(shown)
        )


class AmendDoseForm(LotMixin, ChangeForm):
    """Corrects a dose."""

    def write(self) -> Dose:
        """Amend."""
        return doses.amend_dose(
            by=self.user,
            dose=self.instance,
            version=self.seen,
            reason=self.cleaned_data["reason"],
            changes=self.changes(doses.AMENDABLE),
            confirmed=self.cleaned_data["confirmed"],
        )


class VoidDose(Act):
    """Marks a dose entered in error."""

    slug, label, permission = "void", gettext_lazy("Void"), "void_dose"
    done, danger = gettext_lazy("The dose is void."), True

    def applies(self, record: Dose) -> bool:
        """A dose is voided once."""
        return record.status != DoseStatus.ENTERED_IN_ERROR

    def lead(self, record: Dose) -> Text:
        """Say what voiding means."""
        return _(
            "The dose counts as never given. It stays readable, and its number becomes free. "
            "This cannot be taken back: record the dose again if it was right."
        )

    def facts(self, record: Dose) -> Facts:
        """Tell which dose it is."""
        return [
            (_("Patient"), record.patient),
            (_("Vaccine"), record.given_vaccine),
            (_("Lot"), record.lot_number),
            (_("Day"), record.administered_on),
            (_("Clinic"), record.clinic),
        ]

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> Dose:
        """Void."""
        return doses.void_dose(by=by, dose=record, version=version, reason=data["reason"])


class VoidSeveralForm(forms.Form):
    """Why several doses are voided; ``seen`` holds each one's version."""

    reason = reason_field()
    seen = forms.CharField(widget=forms.HiddenInput)

    def clean_seen(self) -> dict[int, int]:
        """Return the version of each dose that was seen."""
        try:
            pairs = [pair.split(":") for pair in self.cleaned_data["seen"].split(",")]
            return {int(key): int(version) for key, version in pairs}
        except ValueError as error:
            raise ValidationError(_("Open this page again from the list.")) from error


@admin.register(Dose)
class DoseAdmin(RecordAdmin):
    """Doses: record, amend, void, export."""

    list_display = (
        "administered_on",
        "patient",
        "vaccine_given",
        "lot_given",
        "clinic",
        "status_badge",
    )
    list_filter = (GivenLately, DoseStatusFilter, OfPatient, FromLot, AtClinic, OfVolunteer)
    list_prefetch = (
        "patient",
        "clinic",
        "volunteer",
        "vaccine",
        "manufacturer",
        "lot__vaccine",
        "lot__manufacturer",
        "recorded_by",
    )
    search_help_text = gettext_lazy(
        "Patient (name or identifier), exact lot number, day given (2026-03-01), or public id"
    )
    autocomplete_fields = ("patient", "clinic", "volunteer", "vaccine", "manufacturer")
    add_form, change_form = RecordDoseForm, AmendDoseForm
    add_fieldsets = (
        (gettext_lazy("Dose"), {"fields": ("patient", *GIVEN)}),
        (
            gettext_lazy("From elsewhere"),
            {
                "fields": (*ELSEWHERE, "dose_number", "external_source", "external_id"),
                "classes": ("collapse",),
                "description": gettext_lazy("For a dose on a paper card or from another country."),
            },
        ),
        (
            gettext_lazy("Not given"),
            {"fields": ("status", "status_reason"), "classes": ("collapse",)},
        ),
    )
    change_fieldsets = (
        (gettext_lazy("Dose"), {"fields": ("patient", *GIVEN)}),
        (gettext_lazy("From elsewhere"), {"fields": ELSEWHERE, "classes": ("collapse",)}),
        (gettext_lazy("Correction"), {"fields": ("reason",)}),
    )
    fixed_fields = ("patient", "primary_source")
    record_fields = (
        "status",
        "status_reason_shown",
        "dose_number",
        "recorded_by",
        "external_source",
        "external_id",
        "public_id",
        "version",
    )
    acts = (VoidDose,)
    actions = ("export_csv", "void_selected")
    export_patient = "patient"
    export_columns = {
        "public_id": "public_id",
        "patient": "patient__public_id",
        "administered_on": "administered_on",
        "mvx_code": "manufacturer__mvx_code",
        "lot_number": "lot_number",
        "lot_cvx_code": "lot__vaccine__cvx_code",
        "cvx_code": "vaccine__cvx_code",
        "dose_number": "dose_number",
        "clinic": "clinic__code",
        "volunteer": "volunteer__code",
        "site": "site",
        "route": "route",
        "status": "status",
        "status_reason": "status_reason",
        "primary_source": "primary_source",
    }

    def get_urls(self) -> list[URLPattern]:
        """Add the page that voids several doses."""
        view = self.admin_site.admin_view(self.void_view)
        return [path("void/", view, name="records_dose_void_several"), *super().get_urls()]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Order as the index does that serves the filter."""
        by_day = request.GET.get("given") or as_date(request.GET.get("q", "").strip())
        return ("-administered_on", "-id") if by_day else ("-id",)

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by day, by lot number or by patient."""
        if day := as_date(term):
            return rows.filter(administered_on=day)
        lots = doses_from(term)
        found = visible_to(request.user, Dose).filter(lots)
        if found.exists():
            return rows.filter(lots)
        return rows.filter(patient__in=patients_of(request.user, term))

    def is_open(self, record: Dose) -> bool:
        """A voided dose stays as it is."""
        return record.status != DoseStatus.ENTERED_IN_ERROR

    @admin.display(description=gettext_lazy("Vaccine"))
    def vaccine_given(self, record: Dose) -> str:
        """Return the vaccine, through the lot where one is known."""
        return record.given_vaccine.short_name

    @admin.display(description=gettext_lazy("Lot"))
    def lot_given(self, record: Dose) -> Any:
        """Return the lot's number, marked if it was recalled."""
        if record.lot is not None and record.lot.recalled_on:
            return badge("recalled", record.lot.number)
        return record.lot_number

    @admin.display(description=gettext_lazy("Lot"))
    def lot(self, record: Dose) -> Any:
        """Return the lot for a page that only shows."""
        return record.lot

    @admin.display(description=gettext_lazy("Status"))
    def status_badge(self, record: Dose) -> str:
        """Return the status."""
        return badge(record.status, record.get_status_display())

    @admin.display(description=gettext_lazy("status reason"))
    def status_reason_shown(self, record: Dose) -> str:
        """Return why the dose was not given or is void."""
        return reason_words(record.status_reason) or self.get_empty_value_display()

    def badges(self, record: Any) -> list[tuple[str, Text]]:
        """Return the status, and whether the lot was recalled."""
        badges = [(record.status, record.get_status_display())]
        if record.lot is not None and record.lot.recalled_on:
            badges.append(
                (
                    "recalled",
                    _("Lot recalled on %(recalled_on)s") % {"recalled_on": record.lot.recalled_on},
                )
            )
        return badges

    def has_void_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may void doses."""
        user: Any = request.user
        return user.has_perm("records.void_dose")

    @admin.action(description=gettext_lazy("Void doses…"), permissions=["void"])
    def void_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Lead to the page that asks for the reason."""
        keys = list(queryset.values_list("pk", flat=True)[: MOST + 1])
        if len(keys) > MOST:
            messages.error(request, _("Void at most %(most)s doses at once.") % {"most": MOST})
            return None
        url = reverse("admin:records_dose_void_several")
        return HttpResponseRedirect(f"{url}?ids={','.join(map(str, keys))}")

    def void_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for the reason and void the chosen doses, all or none."""
        if not self.has_void_permission(request):
            raise PermissionDenied
        chosen = self._chosen(request)
        seen = ",".join(f"{dose.pk}:{dose.version}" for dose in chosen)
        posted = request.POST if request.method == "POST" else None
        form = VoidSeveralForm(posted, initial={"seen": seen})
        if posted is not None and form.is_valid() and self._void(request.user, chosen, form):
            messages.success(
                request, _("%(doses)s voided.") % {"doses": doses_counted(len(chosen))}
            )
            return HttpResponseRedirect(reverse("admin:records_dose_changelist"))
        note_read(by=request.user, patients=named_by(chosen), what=LIST)
        patients = len({dose.patient_id for dose in chosen})
        context = {
            **self.admin_site.each_context(request),
            "title": _("Void %(doses)s") % {"doses": doses_counted(len(chosen))},
            "opts": self.opts,
            "lead": _(
                "%(doses)s of %(patients)s will count as never given. They stay "
                "readable; this cannot be taken back."
            )
            % {"doses": doses_counted(len(chosen)), "patients": patients_counted(patients)},
            "doses": chosen,
            "form": form,
            "submit_label": _("Void"),
            "danger": True,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/records/void.html", context)

    def _chosen(self, request: HttpRequest) -> list[Dose]:
        try:
            keys = [int(part) for part in request.GET.get("ids", "").split(",")]
        except ValueError as error:
            raise Http404 from error
        rows = together(self.get_queryset(request), self.list_prefetch)
        chosen = list(rows.filter(pk__in=keys[:MOST]))
        if not chosen or len(chosen) != len(set(keys)):
            raise Http404
        return chosen

    def _void(self, user: Any, chosen: list[Dose], form: VoidSeveralForm) -> bool:
        seen = form.cleaned_data["seen"]
        try:
            pairs = [(dose, seen.get(dose.pk, 0)) for dose in chosen]
            doses.void_doses(by=user, doses=pairs, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            add_domain_errors(form, error)
        except StaleVersion as error:
            form.add_error(None, f"{error.current}: {error}")
        else:
            return True
        return False
