"""Merging two patients, and taking a merge back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.access import visible_to
from records.admin.acts import Act, ActForm, Facts
from records.admin.base import RecordAdmin
from records.admin.forms import add_domain_errors, reason_field, shown
from records.admin.searching import patients_of
from records.domain.errors import StaleVersion
from records.domain.grants import held_by_accounts
from records.domain.merges import merge_patients, undo_merge
from records.domain.reading import RECORD, note_read
from records.models import Dose, Patient, PatientMerge
from records.wording import Text, listed

COMPARED = (
    "first_name",
    "last_name",
    "date_of_birth",
    "gender",
    "email",
    "phone",
    "street_number",
    "street_name",
    "city",
    "zip_code",
    "country",
    "identity_confirmed_on",
)


class MergeForm(forms.Form):
    """Which of two records stays, and why they are one person's."""

    survivor = forms.ChoiceField(label=gettext_lazy("Record that stays"), widget=forms.RadioSelect)
    reason = reason_field()
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, pair: list[Patient], **kwargs: Any) -> None:
        """Offer both; ``seen`` holds the versions that the page shows."""
        self.pair = pair
        versions = ",".join(str(patient.version) for patient in pair)
        kwargs["initial"] = {"seen": versions, "survivor": pair[0].pk}
        super().__init__(*args, **kwargs)
        field: Any = self.fields["survivor"]
        field.choices = [
            (str(patient.pk), f"{letter}: {patient}, born {patient.date_of_birth}")
            for letter, patient in zip("AB", pair, strict=True)
        ]

    def clean_seen(self) -> dict[int, int]:
        """Return the version of each record that was seen."""
        try:
            versions = [int(part) for part in self.cleaned_data["seen"].split(",")]
            return {p.pk: seen for p, seen in zip(self.pair, versions, strict=True)}
        except ValueError as error:
            raise ValidationError(_("Open this page again from the list.")) from error


def merge_view(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Show two records side by side and merge them into the one that was chosen."""
    user: Any = request.user
    if not user.has_perm("records.merge_patient"):
        raise PermissionDenied
    pair = _pair(user, request.GET.get("ids", ""))
    posted = request.POST if request.method == "POST" else None
    form = MergeForm(posted, pair=pair)
    if posted is not None and form.is_valid():
        merge = _merge(user, form)
        if merge is not None:
            messages.success(request, _("The two records are one now."))
            url = reverse("admin:records_patient_change", args=[merge.survivor_id])
            return HttpResponseRedirect(url)
    note_read(by=user, patients=pair, what=RECORD)
    request.current_app = model_admin.admin_site.name
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Merge two patients"),
        "opts": model_admin.opts,
        "lead": _(
            "Doses and enrolments move to the record that stays; the other one leads to it. "
            "Portal access of the other record does not carry over. A merge can be undone."
        ),
        "form": form,
        "rows": _rows(pair),
        "submit_label": _("Merge"),
        "danger": True,
        "cancel_url": reverse("admin:records_patient_changelist"),
    }
    return TemplateResponse(request, "admin/records/merge.html", context)


def _pair(user: Any, ids: str) -> list[Patient]:
    try:
        keys = [int(part) for part in ids.split(",")]
    except ValueError as error:
        raise Http404 from error
    rows = visible_to(user, Patient).filter(pk__in=keys).prefetch_related("identifiers")
    if len(set(keys)) != 2 or len(rows) != 2:
        raise Http404
    return sorted(rows, key=lambda patient: keys.index(patient.pk))


def _rows(pair: list[Patient]) -> list[dict[str, Any]]:
    labels = {field.name: str(field.verbose_name) for field in Patient._meta.fields}
    rows = [(labels[name], [shown(patient, name) for patient in pair]) for name in COMPARED]
    rows.append(
        (
            _("identifiers"),
            [listed(str(i) for i in patient.identifiers.all()) for patient in pair],
        )
    )
    rows.append((_("doses"), [str(patient.doses.count()) for patient in pair]))
    rows.append((_("accounts with access"), [str(held_by_accounts(patient)) for patient in pair]))
    rows.append((_("record"), [str(patient.public_id) for patient in pair]))
    return [
        {"label": label, "values": values, "differs": values[0] != values[1]}
        for label, values in rows
    ]


def _merge(user: Any, form: MergeForm) -> PatientMerge | None:
    chosen = int(form.cleaned_data["survivor"])
    survivor, duplicate = sorted(form.pair, key=lambda patient: patient.pk != chosen)
    seen = form.cleaned_data["seen"]
    try:
        if survivor.version != seen[survivor.pk]:
            raise StaleVersion(survivor, seen[survivor.pk])
        return merge_patients(
            by=user,
            survivor=survivor,
            duplicate=duplicate,
            version=seen[duplicate.pk],
            reason=form.cleaned_data["reason"],
        )
    except ValidationError as error:
        add_domain_errors(form, error)
    except StaleVersion as error:
        form.add_error(None, _("%(error)s Compare both records again.") % {"error": error})
    return None


class UndoForm(ActForm):
    """Why a merge is undone, and which later doses go with the other record."""

    also = forms.ModelMultipleChoiceField(
        queryset=Dose.objects.none(),
        required=False,
        label=gettext_lazy("Doses recorded since the merge that belong to the other record"),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the doses recorded since; leave the question out where there are none."""
        super().__init__(*args, **kwargs)
        doses = recorded_since(self.user, self.record)
        if doses.exists():
            also: Any = self.fields["also"]
            also.queryset = doses
        else:
            del self.fields["also"]


def recorded_since(user: Any, merge: Any) -> QuerySet[Dose]:
    """Return the survivor's doses that were recorded after the merge."""
    added = Dose.history.filter(
        patient_id=merge.survivor_id, history_date__gt=merge.merged_at, history_type="+"
    )
    doses = visible_to(user, Dose).filter(patient=merge.survivor_id, pk__in=added.values("id"))
    return doses.prefetch_related("lot__vaccine", "vaccine")


class UndoMerge(Act):
    """Takes a merge back."""

    slug, label, permission = "undo", gettext_lazy("Undo merge"), "merge_patient"
    done, danger, form = gettext_lazy("The merge is undone."), True, UndoForm

    def applies(self, record: Any) -> bool:
        """A merge is undone once."""
        return record.undone_at is None

    def lead(self, record: Any) -> Text:
        """Say what moves."""
        return _("Exactly what the merge moved goes back to the other record.")

    def facts(self, record: Any) -> Facts:
        """Tell both records and how much moved."""
        return [
            (_("Record that stayed"), record.survivor),
            (_("Other record"), record.duplicate),
            (_("Doses moved"), str(record.doses.count())),
            (_("Enrolments moved"), str(record.enrolments.count())),
        ]

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> PatientMerge:
        """Undo."""
        return undo_merge(
            by=by,
            merge=record,
            version=version,
            reason=data["reason"],
            also=data.get("also", ()),
        )


@admin.register(PatientMerge)
class PatientMergeAdmin(RecordAdmin):
    """Merges: what went into what, and the way back."""

    list_display = ("survivor", "duplicate", "merged_at", "undone_at")
    list_prefetch = ("survivor", "duplicate")
    search_help_text = gettext_lazy("Either patient's name, birth date or identifier")
    change_fieldsets = ((None, {"fields": ("survivor", "duplicate", "merged_at", "undone_at")}),)
    acts = (UndoMerge,)
    actions = ()

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by either patient."""
        keys = patients_of(request.user, term)
        return rows.filter(Q(survivor__in=keys) | Q(duplicate__in=keys))

    def badges(self, record: Any) -> list[tuple[str, Text]]:
        """Tell whether it was undone."""
        return [("ended", _("Undone"))] if record.undone_at else []
