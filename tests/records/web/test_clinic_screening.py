"""The questions before a dose, on the page that records it."""

from typing import Any

import pytest
from django.test import Client

from records.domain import reference
from records.models import Dose, Lot, Patient, ScreeningAnswer
from tests.records import workspace
from tests.records.factories import days_ago, system
from tests.records.web.helpers import filled, path_of

pytestmark = pytest.mark.django_db


def send(client: Client, patient: Patient, lot: Lot, **fields: Any) -> Any:
    data = filled(client, path_of(patient), lot=lot.public_id)
    return client.post(path_of(patient), {**data, **fields}, follow=True)


def test_page_without_questions_asks_nothing(at_work: Client, patient: Patient) -> None:
    assert "I asked every question" not in at_work.get(path_of(patient)).content.decode()


def test_dose_needs_the_questions_to_be_asked(at_work: Client, patient: Patient, lot: Lot) -> None:
    workspace.question()
    assert "Ask the questions first" in send(at_work, patient, lot).content.decode()
    assert not Dose.objects.exists()


def test_answers_are_kept_and_shown_with_the_dose(
    at_work: Client, patient: Patient, lot: Lot
) -> None:
    fever = workspace.question(text="Any fever?", position=1)
    workspace.question(text="Is the patient well?", attention="no", position=2)
    page = send(at_work, patient, lot, asked="on").content.decode()
    assert [row.answer for row in ScreeningAnswer.objects.all()] == ["no", "yes"]
    assert ScreeningAnswer.objects.get(question=fever).dose == Dose.objects.get()
    assert "Asked before the dose" in page
    assert "Any fever?" in page


def test_concerning_answer_shows_its_note_and_needs_a_yes(
    at_work: Client, patient: Patient, lot: Lot
) -> None:
    fever = workspace.question(text="Any fever?", note="Wait until it has gone.")
    ticked = {"asked": "on", "concerns": str(fever.public_id)}
    page = send(at_work, patient, lot, **ticked).content.decode()
    assert "Any fever? Yes. Wait until it has gone." in page
    assert not Dose.objects.exists()
    send(at_work, patient, lot, **ticked, confirmed=f"screening_{fever.public_id.hex}")
    assert ScreeningAnswer.objects.get().answer == "yes"


def test_question_that_came_up_since_the_form_was_opened_is_asked(
    at_work: Client, patient: Patient, lot: Lot
) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id)
    workspace.question(text="Any fever?")
    page = at_work.post(path_of(patient), data).content.decode()
    assert "Any fever?" in page
    assert not Dose.objects.exists()


def test_retired_question_is_not_asked(at_work: Client, patient: Patient, lot: Lot) -> None:
    gone = workspace.question(text="Any fever?")
    reference.retire(
        by=system(), record=gone, version=1, reason="Superfluous", retired_on=days_ago(1)
    )
    send(at_work, patient, lot)
    assert Dose.objects.count() == 1


def test_words_of_a_question_are_escaped(at_work: Client, patient: Patient) -> None:
    workspace.question(text="<b>Fever</b>?", help_text="<i>Hot</i>")
    page = at_work.get(path_of(patient)).content.decode()
    assert "<b>Fever" not in page
    assert "<i>Hot" not in page
