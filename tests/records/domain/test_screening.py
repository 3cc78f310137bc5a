"""The questions before a dose, and the answers."""

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from records.domain import reference, screening
from records.models import AuditEntry, ScreeningAnswer
from tests.records import factories as make
from tests.records import workspace

pytestmark = pytest.mark.django_db


def asked(day=None):
    return screening.questions_on(by=make.system(), day=day or make.days_ago(0))


def test_questions_are_asked_in_their_order_until_they_are_retired():
    last, first = workspace.question(position=2), workspace.question(position=1)
    gone = workspace.question(position=0)
    reference.retire(
        by=make.system(), record=gone, version=1, reason="Superfluous", retired_on=make.days_ago(1)
    )
    assert asked() == [first, last]
    assert asked(make.days_ago(1)) == [gone, first, last]


def test_reworded_question_keeps_the_answers_to_its_earlier_wording():
    question = workspace.question(text="Any fever?")
    answer = workspace.answered(make.make_dose(), question)
    screening.amend_question(
        by=make.system(),
        question=question,
        version=1,
        reason="Clearer",
        changes={"text": "A temperature above 38.5 °C?"},
    )
    answer.refresh_from_db()
    assert answer.question_version == 1
    assert answer.question.history.get(version=answer.question_version).text == "Any fever?"
    with pytest.raises(ProtectedError):
        question.delete()


@pytest.mark.parametrize(
    ("attention", "answer", "found"),
    [("yes", "yes", 1), ("yes", "no", 0), ("no", "no", 1), ("no", "yes", 0)],
)
def test_only_the_answer_that_needs_attention_is_a_concern(attention, answer, found):
    question = workspace.question(attention=attention)
    assert len(screening.concerns({question: answer})) == found


def test_confirmed_concern_is_asked_no_more():
    question = workspace.question()
    code = screening.code_of(question)
    assert screening.concerns({question: "yes"}, [code]) == {}


def test_question_without_an_answer_is_named():
    workspace.question(text="Any fever?")
    with pytest.raises(ValidationError, match=r"Any fever\?"):
        screening.need_all(by=make.system(), day=make.days_ago(0), answers={})


@pytest.mark.parametrize("answer", ["", "maybe", None])
def test_answer_that_is_neither_yes_nor_no_is_refused(answer):
    with pytest.raises(ValidationError, match="yes or no"):
        workspace.answered(make.make_dose(), workspace.question(), answer)
    assert not ScreeningAnswer.objects.exists()


def test_answers_of_a_dose_are_kept_once():
    dose, question = make.make_dose(), workspace.question()
    workspace.answered(dose, question)
    with pytest.raises(ValidationError, match="kept already"):
        workspace.answered(dose, question, "yes")


def test_audit_of_answers_names_the_patient_and_no_answer():
    dose = make.make_dose()
    workspace.answered(dose, workspace.question(text="Any fever?"), "yes")
    entry = AuditEntry.objects.get(action="dose.screened")
    assert (entry.patient, entry.fields) == (dose.patient, ["screening"])
