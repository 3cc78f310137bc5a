"""The clinics' working day: who came, and what is asked before a dose."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from records.admin.base import RecordAdmin
from records.admin.credentials import NumberedAdmin, OfPatientAdmin
from records.admin.filters import AtClinic, OfPatient, RetiredFilter
from records.admin.forms import ChangeForm, RecordForm
from records.admin.reference import acts_of
from records.domain import screening
from records.models import CheckIn, ScreeningAnswer, ScreeningQuestion

QUESTION = ("text", "help_text", "attention", "note", "position")


@admin.register(CheckIn)
class CheckInAdmin(OfPatientAdmin):
    """Who came to a clinic; checked in and served in the workspace."""

    list_display = ("patient", "clinic", "day", "arrived_at", "state", "served_by")
    list_filter = (OfPatient, AtClinic)
    list_prefetch = ("patient", "clinic", "served_by")
    change_fieldsets = (
        (None, {"fields": ("patient", "clinic", "day", "arrived_at", "state", "served_by")}),
    )


class AddQuestionForm(RecordForm):
    """Adds a question."""

    def write(self) -> ScreeningQuestion:
        """Add."""
        return screening.add_question(by=self.user, **self.values(QUESTION))


class AmendQuestionForm(ChangeForm):
    """Words a question anew; earlier answers keep the wording that was asked."""

    def write(self) -> ScreeningQuestion:
        """Amend."""
        return screening.amend_question(
            by=self.user,
            question=self.instance,
            version=self.seen,
            reason=self.cleaned_data["reason"],
            changes=self.changes(QUESTION),
        )


@admin.register(ScreeningQuestion)
class ScreeningQuestionAdmin(RecordAdmin):
    """What is asked before each dose."""

    ordering = ("position", "id")
    list_display = ("text", "attention", "position", "retired_on")
    list_filter = (RetiredFilter,)
    search_help_text = _("Words of the question")
    add_form, change_form = AddQuestionForm, AmendQuestionForm
    add_fieldsets = ((None, {"fields": QUESTION}),)
    change_fieldsets = ((None, {"fields": (*QUESTION, "reason")}),)
    record_fields = ("retired_on", "public_id", "version")
    acts = acts_of("screeningquestion")
    actions = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes here: a question out of use is retired."""
        return False

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by words; there are few questions."""
        return rows.filter(text__icontains=term)


@admin.register(ScreeningAnswer)
class ScreeningAnswerAdmin(NumberedAdmin):
    """What was answered before a dose."""

    list_display = ("dose", "question", "question_version", "answer")
    list_prefetch = ("dose__vaccine", "dose__lot__vaccine", "question")
