"""Volunteers and where they work."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.admin.base import RecordAdmin, badge
from records.admin.filters import AssignedFilter, AtClinic, OfVolunteer, PeriodFilter
from records.admin.forms import ChangeForm, EndForm, RecordForm
from records.domain import volunteers
from records.models import Assignment, Volunteer
from records.wording import Text, listed

PERSON = ("code", "first_name", "last_name", "birth_year")


class AddVolunteerForm(RecordForm):
    """Adds a volunteer; the account is linked by a user manager."""

    def write(self) -> Volunteer:
        """Add."""
        return volunteers.add_volunteer(by=self.user, **self.values(PERSON))


class AmendVolunteerForm(ChangeForm):
    """Corrects a volunteer."""

    def write(self) -> Volunteer:
        """Amend."""
        return volunteers.amend_volunteer(
            by=self.user,
            volunteer=self.instance,
            version=self.seen,
            reason=self.cleaned_data["reason"],
            changes=self.changes(PERSON),
        )


@admin.register(Volunteer)
class VolunteerAdmin(RecordAdmin):
    """Volunteers."""

    list_display = ("code", "last_name", "first_name", "birth_year", "works_at", "has_account")
    list_filter = (AssignedFilter,)
    list_prefetch = ("assignments__clinic",)
    search_help_text = _("Badge or surname")
    add_form, change_form = AddVolunteerForm, AmendVolunteerForm
    add_fieldsets = ((None, {"fields": PERSON}),)
    change_fieldsets = ((None, {"fields": (*PERSON, "reason")}),)
    actions = ("export_csv",)
    export_columns = {name: name for name in ("public_id", *PERSON)}

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by badge or surname."""
        return rows.filter(Q(code__startswith=term) | Q(last_name__istartswith=term))

    @admin.display(description=_("Works at"))
    def works_at(self, record: Volunteer) -> Any:
        """Return the clinics of today."""
        today = timezone.localdate()
        names = [
            str(item.clinic)
            for item in record.assignments.all()
            if item.starts_on <= today and (item.ends_on is None or item.ends_on >= today)
        ]
        return listed(names) or badge("warning", _("Not assigned"))

    @admin.display(description=_("Account"), boolean=True)
    def has_account(self, record: Volunteer) -> bool:
        """Tell whether they can sign in, not as whom: accounts are not records."""
        return record.user_id is not None

    def related_lists(self, request: HttpRequest, record: Any) -> list[tuple[Text, str]]:
        """Link to assignments and doses."""
        user: Any = request.user
        return [
            (label, f"{reverse(f'admin:records_{name}_changelist')}?volunteer={record.pk}")
            for label, name in ((_("Assignments"), "assignment"), (_("Doses given"), "dose"))
            if user.has_perm(f"records.view_{name}")
        ]


class AssignForm(RecordForm):
    """Assigns a volunteer to a clinic."""

    def write(self) -> Assignment:
        """Assign."""
        names = ("volunteer", "clinic", "starts_on", "ends_on")
        return volunteers.assign_volunteer(by=self.user, **self.values(names))


class EndAssignmentForm(EndForm):
    """Ends an assignment."""

    def write(self) -> Assignment:
        """End."""
        return volunteers.end_assignment(
            by=self.user,
            assignment=self.instance,
            version=self.seen,
            ends_on=self.cleaned_data["ends_on"],
        )


@admin.register(Assignment)
class AssignmentAdmin(RecordAdmin):
    """Where volunteers work."""

    list_display = ("volunteer", "clinic", "starts_on", "ends_on")
    list_filter = (PeriodFilter, OfVolunteer, AtClinic)
    list_prefetch = ("volunteer", "clinic")
    search_help_text = _("Volunteer's badge or surname, or clinic code")
    autocomplete_fields = ("volunteer", "clinic")
    add_form, change_form = AssignForm, EndAssignmentForm
    add_fieldsets = ((None, {"fields": ("volunteer", "clinic", "starts_on", "ends_on")}),)
    change_fieldsets = ((None, {"fields": ("volunteer", "clinic", "starts_on", "ends_on")}),)
    fixed_fields = ("volunteer", "clinic", "starts_on")
    actions = ("export_csv",)
    export_columns = {
        "volunteer": "volunteer__code",
        "clinic": "clinic__code",
        "starts_on": "starts_on",
        "ends_on": "ends_on",
    }

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by volunteer or clinic."""
        return rows.filter(
            Q(volunteer__code__startswith=term)
            | Q(volunteer__last_name__istartswith=term)
            | Q(clinic__code=term)
        )
