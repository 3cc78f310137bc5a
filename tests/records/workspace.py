"""The working day of a clinic, made for tests."""

from __future__ import annotations

from typing import Any

from records.domain import checkins, merge_proposals, screening
from records.models import (
    CheckIn,
    Clinic,
    Dose,
    MergeProposal,
    Patient,
    ScreeningAnswer,
    ScreeningQuestion,
)
from tests.records import factories as make


def arrive(patient: Patient, clinic: Clinic) -> CheckIn:
    """Return the open check-in of a patient."""
    return checkins.check_in(by=make.system(), patient=patient, clinic=clinic)


def question(**fields: Any) -> ScreeningQuestion:
    """Return a question in use; the answer yes needs attention."""
    defaults = {"text": "Has the patient a fever?", "note": "Wait until it has gone."}
    return screening.add_question(by=make.system(), **{**defaults, **fields})


def answered(dose: Dose, asked: ScreeningQuestion, answer: str = "no") -> ScreeningAnswer:
    """Return what was answered before a dose."""
    screening.keep_answers(by=make.system(), dose=dose, answers={asked: answer})
    return ScreeningAnswer.objects.get(dose=dose, question=asked)


def proposed(patient: Patient, survivor: Patient) -> MergeProposal:
    """Return an open proposal to merge two records."""
    return merge_proposals.propose_merge(
        by=make.system(), patient=patient, survivor=survivor, reason="Zqreason of two names"
    )


def visits(found: dict[str, dict[str, Any]], here: Clinic, there: Clinic) -> dict[str, Any]:
    """Let the matrix's patients wait; ``queued_there`` belongs here and waits there."""
    patients, doses = found["patient"], found["dose"]
    asked = question()
    cases = ("here", "own", "relative", "elsewhere")
    return {
        "checkin": {
            "here": arrive(patients["here"], here),
            "own": arrive(patients["own"], there),
            "elsewhere": arrive(patients["elsewhere"], there),
            "queued_there": arrive(patients["here"], there),
        },
        "mergeproposal": {
            "elsewhere": proposed(patients["elsewhere"], patients["own"]),
            # One of the two is here, but a proposal names both.
            "free": proposed(patients["free"], patients["here"]),
        },
        "screeningquestion": {"one": asked},
        "screeninganswer": {case: answered(doses[case], asked) for case in cases},
    }
