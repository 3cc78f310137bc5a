"""The writes of a clinic's working day."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from accounts.roles import DBA, VOLUNTEER
from records.domain import checkins, merge_proposals, offline, screening
from records.models import CheckIn, MergeProposal
from tests.records import factories as make
from tests.records.domain import given
from tests.records.domain.operation import Operation
from tests.records.workspace import arrive, question

CARE = frozenset({DBA.name, VOLUNTEER.name})
KEEPERS = frozenset({DBA.name})
SERVED = frozenset({"state", "served_by"})
DECIDED = frozenset({"outcome", "decided_by", "decided_at"})
ARRIVED = frozenset({"patient", "clinic", "day", "arrived_at"})


def arrived() -> dict[str, Any]:
    clinic = make.make_clinic()
    return {"patient": make.make_patient(clinic=clinic), "clinic": clinic}


def visit() -> dict[str, CheckIn]:
    return {"check_in": arrive(**arrived())}


def taken() -> dict[str, CheckIn]:
    # By somebody else than whoever puts the patient back.
    clinic = make.make_clinic()
    by = make.make_volunteer_user(clinic)
    patient = make.make_patient(clinic=clinic)
    waiting = checkins.check_in(by=by, patient=patient, clinic=clinic)
    return {"check_in": checkins.take(by=by, check_in=waiting)}


def two() -> dict[str, Any]:
    clinic = make.make_clinic()
    one, other = make.make_patient(clinic=clinic), make.make_patient(clinic=clinic)
    return {"patient": one, "survivor": other}


def proposal() -> MergeProposal:
    return merge_proposals.propose_merge(by=make.system(), **two(), reason=given.WHY)


WORKSPACE = (
    Operation(
        merge_proposals.propose_merge,
        lambda: {**two(), "reason": given.WHY},
        CARE,
        "mergeproposal.made",
        frozenset({"patient", "survivor", "reason"}),
    ),
    Operation(
        merge_proposals.accept_proposal,
        lambda: given.of("proposal", proposal(), patient_version=1),
        KEEPERS,
        "mergeproposal.accepted",
        DECIDED,
    ),
    Operation(
        merge_proposals.decline_proposal,
        lambda: given.of("proposal", proposal()),
        KEEPERS,
        "mergeproposal.declined",
        DECIDED,
    ),
    Operation(checkins.check_in, arrived, CARE, "checkin.arrived", ARRIVED),
    Operation(checkins.take, visit, CARE, "checkin.taken", SERVED),
    Operation(checkins.put_back, taken, CARE, "checkin.put_back", SERVED),
    Operation(checkins.leave, visit, CARE, "checkin.left", frozenset({"state"})),
    Operation(checkins.finish, visit, CARE, "checkin.done", SERVED),
    Operation(
        checkins.record_in_visit,
        lambda: {**given.new_dose(), "answers": {question(): "no"}},
        CARE,
        "dose.screened",
        frozenset({"screening"}),
    ),
    Operation(
        offline.record_waiting,
        lambda: {**given.new_dose(), "answers": {question(): "no"}, "key": uuid4()},
        CARE,
        "dose.screened",
        frozenset({"screening"}),
    ),
    Operation(
        offline.note_discarded,
        lambda: {**arrived(), "reason": "not-given"},
        CARE,
        "patient.dose_discarded_not_given",
        frozenset(),
    ),
    Operation(
        screening.add_question,
        lambda: {"text": "Has the patient a fever?", "note": "Wait until it has gone."},
        KEEPERS,
        "screeningquestion.added",
        frozenset({"text", "note", "attention", "position"}),
    ),
    Operation(
        screening.amend_question,
        lambda: given.of("question", question(), changes={"help_text": "Above 38.5 degrees."}),
        KEEPERS,
        "screeningquestion.amended",
        frozenset({"help_text"}),
    ),
    Operation(
        screening.keep_answers,
        lambda: {"dose": make.make_dose(), "answers": {question(): "no"}},
        CARE,
        "dose.screened",
        frozenset({"screening"}),
    ),
)
