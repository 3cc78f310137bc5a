"""What an attacker with an account tries: hidden rows by filters, keys, versions and the past."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from records.domain import merges, patients
from records.models import AuditEntry, Dose, IdempotencyKey
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.api.every import EVERY, Resource

pytestmark = pytest.mark.django_db

ABSENT = "00000000-0000-4000-8000-000000000404"


@pytest.fixture
def here() -> Any:
    return make.make_clinic()


@pytest.fixture
def volunteer(here) -> Caller:
    return Caller(make.make_volunteer_user(here))


@pytest.fixture
def hidden() -> Any:
    return make.make_dose(patient=make.make_patient(last_name="Zqhidden"))


@pytest.fixture
def mine(here) -> Any:
    return make.make_dose(
        patient=make.make_patient(clinic=here), clinic=here, volunteer=make.make_volunteer(here)
    )


def moment() -> str:
    return timezone.now().isoformat().replace("+00:00", "Z")


def told(answer: Any) -> Any:
    return answer.status_code, answer.content, answer.headers.get("ETag")


@pytest.mark.parametrize(
    "resource", [one for one in EVERY if one.view.patient_column or one.prefix == "merges"], ids=str
)
def test_filter_by_a_hidden_record_answers_as_by_an_absent_one(
    resource: Resource, volunteer, hidden, mine, here
):
    filters = resource.view.filterset_class.base_filters
    for name in sorted({"patient", "survivor", "duplicate"} & set(filters)):
        for past in ("", f"&as_of={moment()}"):
            path = f"{resource.path(mine.patient)}?{name}="
            by_hidden = volunteer.get(f"{path}{hidden.patient.public_id}{past}")
            assert told(by_hidden) == told(volunteer.get(f"{path}{ABSENT}{past}"))


@pytest.mark.parametrize(
    "query", ["last_name=Zq", "first_name=", "date_of_birth=1981-03-04", "identifier=zurich|Z1"]
)
def test_search_finds_no_hidden_patient(volunteer, hidden, mine, query):
    patients.add_identifier(by=make.system(), patient=hidden.patient, system="zurich", value="Z1")

    for past in ("", f"&as_of={moment()}"):
        answer = volunteer.get(f"patients?{query}{past}")
        assert b"Zqhidden" not in answer.content
        assert str(hidden.patient.public_id) not in answer.text


def test_past_of_a_record_is_hidden_with_its_present(volunteer, hidden, mine, here):
    then = moment()
    [enrolment] = mine.patient.enrolments.all()
    type(enrolment).objects.filter(pk=enrolment.pk).update(starts_on=make.days_ago(9))
    enrolment.refresh_from_db()
    assert volunteer.get(f"doses/{mine.public_id}?as_of={then}").status_code == 200
    patients.end_enrolment(
        by=make.system(),
        enrolment=enrolment,
        version=enrolment.version,
        ends_on=make.days_ago(1),
    )

    for path in (f"doses/{mine.public_id}", f"patients/{mine.patient.public_id}"):
        for past in ("", f"?as_of={then}"):
            assert volunteer.get(f"{path}{past}").status_code == 404
    for kind in ("doses", "patients", "enrolments"):
        assert volunteer.get(f"{kind}?as_of={then}").json()["results"] == []


def test_hidden_record_in_a_body_is_refused_as_an_absent_one(volunteer, hidden, mine, here):
    def body(patient: Any) -> dict[str, Any]:
        return {
            "patient": str(patient),
            "lot": str(mine.lot.public_id),
            "clinic": str(here.public_id),
            "volunteer": str(volunteer.user.volunteer.public_id),
            "administered_on": make.days_ago(1).isoformat(),
        }

    bodies = [body(key) for key in (hidden.patient.public_id, ABSENT)]
    by_hidden, by_absent = (volunteer.post("doses", one) for one in bodies)
    bulk = volunteer.post("doses/bulk", {"doses": bodies}).json()["results"]

    assert told(by_hidden) == told(by_absent)
    assert by_hidden.status_code == 422
    assert set(refused_fields(by_hidden)) == {"patient"}
    in_bulk = [{**row, "row": 0} for row in bulk]
    assert in_bulk[0] == in_bulk[1]
    assert in_bulk[0]["status"] == "refused"


@pytest.mark.parametrize(
    ("method", "act"), [("patch", ""), ("post", "/void"), ("get", ""), ("get", "/history")]
)
@pytest.mark.parametrize(
    "headers",
    [{}, {"if_match": '"1"'}, {"if_match": '"7"'}, {"if_match": "x"}, {"if_none_match": "*"}],
    ids=str,
)
def test_hidden_record_answers_as_an_absent_one_whatever_is_sent(
    volunteer, hidden, method, act, headers
):
    answers = [
        told(volunteer.send(method, f"doses/{key}{act}", body, **headers))
        for key in (hidden.public_id, ABSENT)
        for body in ({}, {"reason": "x"}, {"nonsense": 1})
        if method != "get" or not body
    ]

    assert len(set(answers)) == 1
    assert answers[0][0] == (403 if act == "/history" else 404)


def test_key_of_somebody_else_is_ones_own_too(volunteer, mine, here):
    other = Caller(make.make_volunteer_user(here))
    body = {"reason": "A mistake."}
    other.post(f"doses/{mine.public_id}/void", body, key="shared", if_match='"1"')

    answer = volunteer.post(f"doses/{mine.public_id}/void", body, key="shared", if_match='"1"')

    assert answer.status_code == 412
    assert IdempotencyKey.objects.filter(key="shared").count() == 1


def test_repeat_by_who_has_lost_sight_is_refused(volunteer, mine):
    body = {"reason": "A mistake."}

    def void() -> Any:
        return volunteer.post(f"doses/{mine.public_id}/void", body, key="k", if_match='"1"')

    assert [void().status_code, void().status_code] == [200, 200]
    volunteer.user.volunteer.assignments.all().delete()
    assert void().status_code == 404


def test_record_that_was_merged_leads_only_those_who_see_what_remains(volunteer, hidden, mine):
    """Neither a patient's old identifier nor its history opens the record elsewhere."""
    twin = make.make_patient(last_name="Zqtwin")
    merges.merge_patients(
        by=make.system(), survivor=hidden.patient, duplicate=twin, version=1, reason="One."
    )

    for path in ("", "/passport", "/identifiers"):
        known = volunteer.get(f"patients/{twin.public_id}{path}")
        assert told(known) == told(volunteer.get(f"patients/{ABSENT}{path}"))
    assert volunteer.get(f"doses?patient={twin.public_id}").json()["results"] == []


def test_refused_requests_leave_no_trace_of_a_read(volunteer, hidden):
    start = AuditEntry.objects.count()

    volunteer.get(f"doses/{hidden.public_id}")
    volunteer.get(f"patients/{hidden.patient.public_id}/passport")
    volunteer.client.head(f"/api/v1/doses/{hidden.public_id}")
    volunteer.get(f"doses?patient={hidden.patient.public_id}")

    assert AuditEntry.objects.count() == start
    assert Dose.objects.filter(pk=hidden.pk).exists()
