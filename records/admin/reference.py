"""Clinics, manufacturers, vaccines, their targets, EU products."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.admin.acts import Act, ActForm, day_field
from records.admin.base import RecordAdmin, badge_row
from records.admin.filters import RetiredFilter
from records.admin.forms import ChangeForm, RecordForm
from records.admin.patients import ADDRESS
from records.domain import reference
from records.models import Clinic, EuProduct, Manufacturer, Record, Vaccine, VaccineTarget
from records.wording import Text

CORRECT, CHANGE = "correct", "change"


class EffectiveForm(ChangeForm):
    """Corrects a typing error, or tells of a change outside with its day."""

    kind = forms.ChoiceField(
        label=_("What this is"),
        choices=(
            (CORRECT, _("Correction: it was typed wrongly and counts as right all along")),
            (CHANGE, _("Change: it is different from a day on; earlier doses keep the old state")),
        ),
        initial=CORRECT,
        widget=forms.RadioSelect,
    )
    effective_from = forms.DateField(
        required=False,
        widget=AdminDateWidget,
        label=_("Changed on"),
        help_text=_("First day of the new state; only for a change."),
    )

    def clean(self) -> dict[str, Any] | None:
        """A day belongs to a change, and to nothing else."""
        data = super().clean() or self.cleaned_data
        kind, day = data.get("kind"), data.get("effective_from")
        if kind == CHANGE and day is None and "effective_from" not in self.errors:
            self.add_error("effective_from", _("Say from which day on."))
        if kind == CORRECT and day is not None:
            self.add_error("effective_from", "A correction has no day; choose “Change”.")
        return data

    def write(self) -> Record:
        """Correct or change."""
        shared: dict[str, Any] = {
            "by": self.user,
            "record": self.instance,
            "version": self.seen,
            "reason": self.cleaned_data["reason"],
            "changes": self.changes(reference.FIELDS[type(self.instance)]),
        }
        if self.cleaned_data["kind"] == CORRECT:
            return reference.correct(**shared)
        return reference.change(effective_from=self.cleaned_data["effective_from"], **shared)


class RetireForm(ActForm):
    """Last day of use, and why."""

    field_order = ("retired_on", "reason")
    retired_on = day_field(_("Last day of use"))


class Retire(Act):
    """Ends the use of reference data."""

    slug, label = "retire", _("Retire")
    done, danger, form = _("It is retired."), True, RetireForm

    def applies(self, record: Any) -> bool:
        """Only what is in use can be retired."""
        return record.retired_on is None

    def lead(self, record: Any) -> Text:
        """Say what it means."""
        return _(
            "It is not offered any more after that day. What names it already goes on doing so."
        )

    def initial(self, record: Any) -> dict[str, Any]:
        """Start with today."""
        return {"retired_on": timezone.localdate()}

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> Any:
        """Retire."""
        return reference.retire(by=by, record=record, version=version, **data)


class Reinstate(Act):
    """Takes a retirement back."""

    slug, label, done = "reinstate", _("Reinstate"), _("It is in use again.")

    def applies(self, record: Any) -> bool:
        """Only what is retired can come back."""
        return record.retired_on is not None

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> Any:
        """Reinstate."""
        return reference.reinstate(by=by, record=record, version=version, **data)


def acts_of(name: str, *more: type[Act]) -> tuple[type[Act], ...]:
    """Return retire and reinstate under the permission of one kind of reference data."""
    permission = {"permission": f"retire_{name}"}
    return (
        *more,
        type("Retire", (Retire,), permission),
        type("Reinstate", (Reinstate,), permission),
    )


class ReferenceAdmin(RecordAdmin):
    """What clinics, manufacturers and vaccines have in common."""

    list_filter = (RetiredFilter,)
    change_form = EffectiveForm
    record_fields = ("retired_on", "effective_from", "public_id", "version")
    found_by: ClassVar[tuple[str, ...]] = ()

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by code or name; these tables are small."""
        condition = Q()
        for lookup in self.found_by:
            condition |= Q(**{lookup: term})
        return rows.filter(condition)

    @admin.display(description=_("State"))
    def state_badge(self, record: Any) -> str:
        """Return the state."""
        return badge_row(self.badges(record))

    def badges(self, record: Any) -> list[tuple[str, Text]]:
        """Tell whether it is retired."""
        if record.retired_on is None:
            return []
        return [("retired", _("Retired %(retired_on)s") % {"retired_on": record.retired_on})]


CORRECTION = (_("Correction or change"), {"fields": ("kind", "effective_from", "reason")})


class AddClinicForm(RecordForm):
    """Adds a clinic."""

    def write(self) -> Clinic:
        """Add."""
        return reference.add_clinic(by=self.user, **self.values(reference.FIELDS[Clinic]))


@admin.register(Clinic)
class ClinicAdmin(ReferenceAdmin):
    """Clinics."""

    ordering = ("code",)
    list_display = ("name", "code", "city", "time_zone", "state_badge")
    search_help_text = _("Code, name or city")
    found_by = ("code__startswith", "name__icontains", "city__istartswith")
    add_form = AddClinicForm
    add_fieldsets = (
        (None, {"fields": ("code", "name", "time_zone")}),
        (_("Address"), {"fields": ADDRESS}),
    )
    change_fieldsets = (*add_fieldsets, CORRECTION)
    acts = acts_of("clinic")
    actions = ("export_csv",)
    export_columns = {
        name: name for name in ("public_id", "code", "name", "time_zone", *ADDRESS, "retired_on")
    }

    def related_lists(self, request: HttpRequest, record: Any) -> list[tuple[Text, str]]:
        """Link to what happens there."""
        user: Any = request.user
        names = (
            (_("Doses"), "dose"),
            (_("Enrolments"), "enrolment"),
            (_("Assignments"), "assignment"),
        )
        return [
            (label, f"{reverse(f'admin:records_{name}_changelist')}?clinic={record.pk}")
            for label, name in names
            if user.has_perm(f"records.view_{name}")
        ]


class AddManufacturerForm(RecordForm):
    """Adds a manufacturer."""

    def write(self) -> Manufacturer:
        """Add."""
        fields = self.values(reference.FIELDS[Manufacturer])
        return reference.add_manufacturer(by=self.user, **fields)


@admin.register(Manufacturer)
class ManufacturerAdmin(ReferenceAdmin):
    """Manufacturers."""

    ordering = ("name", "id")
    list_display = ("name", "mvx_code", "city", "country", "state_badge")
    search_help_text = _("MVX code or name")
    found_by = ("mvx_code", "name__icontains")
    add_form = AddManufacturerForm
    add_fieldsets = ((None, {"fields": ("name", "mvx_code")}), (_("Address"), {"fields": ADDRESS}))
    change_fieldsets = (*add_fieldsets, CORRECTION)
    acts = acts_of("manufacturer")
    actions = ("export_csv",)
    export_columns = {
        name: name for name in ("public_id", "mvx_code", "name", *ADDRESS, "retired_on")
    }


def codes_in(text: str) -> list[str]:
    """Return the codes that stand in a text, apart by blanks, commas or lines."""
    return text.replace(",", " ").split()


class DiseasesField(forms.CharField):
    """SNOMED CT codes, one per line."""

    def __init__(self, **kwargs: Any) -> None:
        """Look like a list."""
        kwargs.setdefault("label", _("Diseases"))
        kwargs.setdefault("help_text", _("SNOMED CT codes, one per line, e.g. 840539006."))
        super().__init__(widget=forms.Textarea(attrs={"rows": 4}), required=False, **kwargs)


VACCINE = ("cvx_code", "short_name", "full_name", *reference.SCHEDULE)


class AddVaccineForm(RecordForm):
    """Adds a vaccine with what it protects against."""

    diseases = DiseasesField()

    def write(self) -> Vaccine:
        """Add."""
        diseases = codes_in(self.cleaned_data["diseases"])
        return reference.add_vaccine(by=self.user, diseases=diseases, **self.values(VACCINE))


class DiseasesForm(ActForm):
    """What a vaccine protects against, and why that is set."""

    field_order = ("diseases", "reason")
    diseases = DiseasesField()


class SetDiseases(Act):
    """Sets what a vaccine protects against."""

    slug, label, permission = "diseases", _("Diseases"), "change_vaccine"
    done, form = _("The diseases are set."), DiseasesForm

    def lead(self, record: Vaccine) -> Text:
        """Say what it is for."""
        return _("Doses against the same disease form one series, whichever vaccine was given.")

    def initial(self, record: Vaccine) -> dict[str, Any]:
        """Start with the diseases there are."""
        return {"diseases": "\n".join(record.targets.values_list("disease", flat=True))}

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> Any:
        """Set."""
        return reference.set_targets(
            by=by,
            vaccine=record,
            version=version,
            reason=data["reason"],
            diseases=codes_in(data["diseases"]),
        )


@admin.register(Vaccine)
class VaccineAdmin(ReferenceAdmin):
    """Vaccines."""

    ordering = ("cvx_code",)
    list_display = ("short_name", "cvx_code", "doses_in_series", "min_interval_days", "state_badge")
    search_help_text = _("CVX code or name")
    found_by = ("cvx_code", "short_name__icontains", "full_name__icontains")
    add_form = AddVaccineForm
    add_fieldsets = ((None, {"fields": (*VACCINE, "diseases")}),)
    change_fieldsets = ((None, {"fields": VACCINE}), CORRECTION)
    acts = acts_of("vaccine", SetDiseases)
    actions = ("export_csv",)
    export_columns = {name: name for name in ("public_id", *VACCINE, "retired_on")}


@admin.register(VaccineTarget)
class VaccineTargetAdmin(RecordAdmin):
    """What vaccines protect against; set on the vaccine's own page."""

    list_display = ("vaccine", "disease")
    list_prefetch = ("vaccine",)
    search_help_text = _("CVX or SNOMED CT code")
    change_fieldsets = ((None, {"fields": ("vaccine", "disease")}),)
    actions = ("export_csv",)
    export_columns = {"cvx_code": "vaccine__cvx_code", "disease": "disease"}

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by either code."""
        return rows.filter(Q(vaccine__cvx_code=term) | Q(disease=term))


PRODUCT = ("code", "name", "org_code", "prophylaxis_code")


class AddEuProductForm(RecordForm):
    """Adds an EU product."""

    def write(self) -> EuProduct:
        """Add."""
        return reference.add_eu_product(by=self.user, **self.values(PRODUCT))


class CorrectEuProductForm(ChangeForm):
    """Brings an EU product in line with its value set."""

    def write(self) -> EuProduct:
        """Correct."""
        return reference.correct_eu_product(
            by=self.user,
            product=self.instance,
            version=self.seen,
            reason=self.cleaned_data["reason"],
            changes=self.changes(PRODUCT),
        )


@admin.register(EuProduct)
class EuProductAdmin(RecordAdmin):
    """Products of the EU value sets."""

    ordering = ("name", "id")
    list_display = ("name", "code", "org_code", "prophylaxis_code")
    search_help_text = _("Product code or name")
    add_form, change_form = AddEuProductForm, CorrectEuProductForm
    add_fieldsets = ((None, {"fields": PRODUCT}),)
    change_fieldsets = ((None, {"fields": (*PRODUCT, "reason")}),)
    actions = ("export_csv",)
    export_columns = {name: name for name in ("public_id", *PRODUCT)}

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by code or name."""
        return rows.filter(Q(code__istartswith=term) | Q(name__icontains=term))
