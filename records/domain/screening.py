"""The questions that a site asks before each dose, and what was answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.patients import need_reason
from records.models import Attention, Dose, ScreeningAnswer, ScreeningQuestion

FIELDS = frozenset({"text", "help_text", "attention", "note", "position"})
Answers = Mapping[ScreeningQuestion, str]


def questions_on(*, by: Any, day: dt.date) -> list[ScreeningQuestion]:
    """Return the questions in use on a day, in the order in which they are asked."""
    rows = access.visible_to(by, ScreeningQuestion)
    return list(rows.filter(Q(retired_on__isnull=True) | Q(retired_on__gte=day)))


@unit.transactional
def add_question(*, by: Any, **fields: Any) -> ScreeningQuestion:
    """Add a question and return it; it is asked from now on, before every dose."""
    access.require(by, "add_screeningquestion")
    question = ScreeningQuestion(**unit.known(ScreeningQuestion, fields, FIELDS))
    return unit.create(question, by=by, event="screeningquestion.added")


@unit.transactional
def amend_question(
    *, by: Any, question: ScreeningQuestion, version: int, reason: str, changes: Mapping[str, Any]
) -> ScreeningQuestion:
    """Change a question and return its next version; answers name the version that was asked."""
    access.require(by, "change_screeningquestion", question)
    need_reason(reason)
    current = unit.lock(question, version=version)
    fields = unit.apply(current, unit.known(ScreeningQuestion, changes, FIELDS))
    event = "screeningquestion.amended"
    return unit.update(current, fields, by=by, event=event, reason=reason)


def need_all(*, by: Any, day: dt.date, answers: Answers) -> None:
    """Raise ``ValidationError`` for a question in use on the day that has no answer."""
    missing = [row.text for row in questions_on(by=by, day=day) if row not in answers]
    if missing:
        raise ValidationError(
            {"screening": _("Ask this too: %(missing)s") % {"missing": " ".join(missing)}}
        )


def concerns(answers: Answers, confirmed: Collection[str] = ()) -> dict[str, str]:
    """Return what to consider, by code, for the answers that need attention.

    Without those whose code is ``confirmed``; ``ConfirmationRequired`` takes them as they are.
    """
    found = {
        code_of(question): f"{question.text} {Attention(answer).label}. {question.note}"
        for question, answer in answers.items()
        if answer == question.attention
    }
    return {code: note for code, note in found.items() if code not in confirmed}


def code_of(question: ScreeningQuestion) -> str:
    """Return the code under which an answer to the question is confirmed."""
    return f"screening_{question.public_id.hex}"


@unit.transactional
def keep_answers(*, by: Any, dose: Dose, answers: Answers) -> Dose:
    """Keep what was answered before a dose, with the version of each question that was asked.

    Raises ``ValidationError`` unless each answer is yes or no, and when the answers of this dose
    are kept already.
    """
    access.require(by, "add_dose", dose, at=dose.clinic)
    if any(answer not in Attention.values for answer in answers.values()):
        raise ValidationError({"screening": _("Answer each question with yes or no.")})
    if ScreeningAnswer.objects.filter(dose=dose).exists():
        raise ValidationError({"screening": _("The answers of this dose are kept already.")})
    rows = [
        ScreeningAnswer(dose=dose, question=question, question_version=question.version, answer=a)
        for question, a in answers.items()
    ]
    ScreeningAnswer.objects.bulk_create(rows)
    unit.leave_trace(dose, by=by, event="dose.screened", fields=["screening"])
    return dose
