"""Lots: receive, correct, renumber, recall."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.admin.acts import Act, ActForm, Facts, day_field, doses_counted, patients_counted
from records.admin.base import RecordAdmin, badge_row
from records.admin.figures import SUPPLY
from records.admin.filters import ExpiryFilter, RecallFilter
from records.admin.forms import ChangeForm, RecordForm
from records.admin.searching import numbered
from records.domain import lots
from records.models import Lot
from records.wording import Text


class ReceiveForm(RecordForm):
    """Receives a lot."""

    def write(self) -> Lot:
        """Receive."""
        names = ("manufacturer", "number", "vaccine", "expires_on", "eu_product")
        return lots.receive_lot(by=self.user, **self.values(names))


class AmendLotForm(ChangeForm):
    """Corrects a lot; its number has a page of its own."""

    def write(self) -> Lot:
        """Amend."""
        return lots.amend_lot(
            by=self.user,
            lot=self.instance,
            version=self.seen,
            reason=self.cleaned_data["reason"],
            changes=self.changes(lots.AMENDABLE),
        )


class RecallForm(ActForm):
    """From which day, and why."""

    field_order = ("recalled_on", "reason")
    recalled_on = day_field(
        gettext_lazy("First day without doses"),
        gettext_lazy("No dose on or after this day; earlier ones stay valid."),
    )


class RecallLot(Act):
    """Withdraws a lot."""

    slug, label, permission = "recall", gettext_lazy("Recall"), "recall_lot"
    done, danger, form = gettext_lazy("The lot is recalled."), True, RecallForm
    template = "admin/records/recall.html"

    def initial(self, record: Lot) -> dict[str, Any]:
        """Start with today, or with the recall that is corrected."""
        return {"recalled_on": record.recalled_on or timezone.localdate()}

    def more(self, record: Lot) -> dict[str, Any]:
        """Return how many are affected, in all and by clinic: figures without identity."""
        doses, patients = lots.affected_counts(record)
        return {
            "by_clinic": lots.affected_by_clinic(record),
            "doses_text": doses_counted(doses),
            "patients_text": patients_counted(patients),
        }

    def facts(self, record: Lot) -> Facts:
        """Tell which lot it is."""
        facts: Facts = [
            (_("Manufacturer"), record.manufacturer),
            (_("Vaccine"), record.vaccine),
            (_("Expires on"), record.expires_on),
        ]
        return [*facts, (_("Recalled on"), record.recalled_on)] if record.recalled_on else facts

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> Lot:
        """Recall."""
        return lots.recall_lot(by=by, lot=record, version=version, **data)


class LiftRecall(Act):
    """Takes a wrong recall back."""

    slug, label, permission = "lift-recall", gettext_lazy("Lift recall"), "recall_lot"
    done, danger = gettext_lazy("The recall is lifted."), True

    def applies(self, record: Lot) -> bool:
        """Only a recalled lot has a recall to lift."""
        return record.recalled_on is not None

    def lead(self, record: Lot) -> Text:
        """Say what it means."""
        return _("Doses from this lot can be recorded again. History keeps the recall.")

    def facts(self, record: Lot) -> Facts:
        """Tell the recall."""
        return [(_("Recalled on"), record.recalled_on), (_("Reason"), record.recall_reason)]

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> Lot:
        """Lift."""
        return lots.lift_recall(by=by, lot=record, version=version, reason=data["reason"])


class RenumberForm(ActForm):
    """The right number, and why."""

    field_order = ("number", "reason")
    number = forms.CharField(max_length=40, label=gettext_lazy("Right number"))


class RenumberLot(Act):
    """Corrects a number; the doses follow."""

    slug, label, permission = "renumber", gettext_lazy("Renumber"), "renumber_lot"
    done, form = gettext_lazy("The lot and its doses have the right number."), RenumberForm

    def lead(self, record: Lot) -> Text:
        """Say what happens to the doses."""
        doses = doses_counted(record.doses.count())
        return _(
            "%(doses)s of lot %(number)s will show the right number, as a new version each."
        ) % {"doses": doses, "number": record.number}

    def initial(self, record: Lot) -> dict[str, Any]:
        """Start with the number there is."""
        return {"number": record.number}

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> Lot:
        """Renumber."""
        return lots.renumber_lot(by=by, lot=record, version=version, **data)


@admin.register(Lot)
class LotAdmin(RecordAdmin):
    """Lots: receive, correct, renumber, recall."""

    list_display = ("number", "manufacturer", "vaccine", "expires_on", "state_badge")
    list_filter = (ExpiryFilter, RecallFilter)
    list_prefetch = ("manufacturer", "vaccine", "eu_product")
    search_help_text = gettext_lazy("Lot number, CVX or MVX code, or public id")
    autocomplete_fields = ("manufacturer", "vaccine", "eu_product")
    add_form, change_form = ReceiveForm, AmendLotForm
    add_fieldsets = (
        (None, {"fields": ("manufacturer", "number", "vaccine", "expires_on", "eu_product")}),
    )
    change_fieldsets = (
        (None, {"fields": ("manufacturer", "number", "vaccine", "expires_on", "eu_product")}),
        (gettext_lazy("Correction"), {"fields": ("reason",)}),
    )
    fixed_fields = ("manufacturer", "number")
    record_fields = ("recalled_on", "recall_reason", "public_id", "version")
    acts = (RecallLot, LiftRecall, RenumberLot)
    actions = ("export_csv", "recall_selected")
    export_columns = {
        "public_id": "public_id",
        "mvx_code": "manufacturer__mvx_code",
        "lot_number": "number",
        "cvx_code": "vaccine__cvx_code",
        "expires_on": "expires_on",
        "eu_product_code": "eu_product__code",
        "recalled_on": "recalled_on",
        "recall_reason": "recall_reason",
    }

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Put first what expires first, where expiry is what one looks for."""
        return ("expires_on", "id") if request.GET.get("expiry") in ("soon", "past") else ("-id",)

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by the start of the number, or by code."""
        codes = Q(vaccine__cvx_code=term) | Q(manufacturer__mvx_code=term)
        return rows.filter(numbered(term, prefix=True) | codes)

    @admin.display(description=gettext_lazy("State"))
    def state_badge(self, record: Lot) -> str:
        """Return the state."""
        return badge_row(self.badges(record))

    def badges(self, record: Any) -> list[tuple[str, Text]]:
        """Tell whether the lot is recalled, expired or about to expire."""
        today = timezone.localdate()
        if record.recalled_on is not None:
            return [
                ("recalled", _("Recalled %(recalled_on)s") % {"recalled_on": record.recalled_on})
            ]
        if record.expires_on is None or record.expires_on > today + dt.timedelta(days=30):
            return []
        return (
            [("expired", _("Expired"))]
            if record.expires_on < today
            else [("warning", _("Expires"))]
        )

    def related_lists(self, request: HttpRequest, record: Any) -> list[tuple[Text, str]]:
        """Link to the doses."""
        user: Any = request.user
        links: list[tuple[Text, str]] = []
        if user.has_perm("records.view_dose"):
            links.append(
                (_("Doses"), f"{reverse('admin:records_dose_changelist')}?lot={record.pk}")
            )
        if user.has_perm(SUPPLY):
            query = urlencode({"lot": record.number})
            links.append(
                (_("Doses by clinic and day"), f"{reverse('admin:figures_supply')}?{query}")
            )
        return links

    def has_recall_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may recall."""
        user: Any = request.user
        return user.has_perm("records.recall_lot")

    @admin.action(description=gettext_lazy("Recall a lot…"), permissions=["recall"])
    def recall_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Lead to the page of one lot: each recall is judged by what it affects."""
        keys = list(queryset.values_list("pk", flat=True)[:2])
        if len(keys) != 1:
            messages.error(request, _("Choose one lot: each recall has its own day and reason."))
            return None
        return HttpResponseRedirect(reverse("admin:records_lot_recall", args=keys))
