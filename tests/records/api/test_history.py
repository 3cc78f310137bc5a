"""The history of records over the API."""

import pytest

from accounts.roles import DBA, LOGISTICS, PATIENT, ROLES, SALES
from records.domain import doses, reference
from records.models import AuditEntry, Clinic
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.api.reference_kinds import KINDS, WHY

pytestmark = pytest.mark.django_db

ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def dba():
    return Caller(make.make_user(DBA.name, name="Dora"))


def renamed(clinic, times, by=None):
    for number in range(times):
        current = Clinic.objects.get(pk=clinic.pk)
        reference.correct(
            by=by or make.system(),
            record=current,
            version=current.version,
            reason=f"{WHY} {number + 1}",
            changes={"name": f"Name {number + 1}"},
        )


def test_history_tells_who_changed_what_and_why(dba):
    clinic = make.make_clinic(name="Old")
    renamed(clinic, 1, by=dba.user)

    answer = dba.get(f"clinics/{clinic.public_id}/history")
    newest, first = answer.json()["results"]

    assert answer.json()["next"] is None
    assert (newest["version"], newest["changed_by"]) == (2, "Dora")
    assert (newest["valid_to"], newest["reason"]) == (None, f"{WHY} 1")
    assert newest["changes"] == [{"field": "name", "before": "Old", "after": "Name 1"}]
    assert (first["version"], first["changes"], first["reason"]) == (1, [], "")
    assert first["changed_by"] == str(make.system())
    assert first["valid_to"] == newest["valid_from"]
    assert newest["valid_from"].endswith("Z")


def test_reference_that_changed_is_told_by_its_name(dba):
    wrong, right = make.make_vaccine(), make.make_vaccine()
    lot = make.make_lot(vaccine=wrong)
    body = {"vaccine": str(right.public_id), "reason": WHY}
    dba.patch(f"lots/{lot.public_id}", body, version=1)

    newest = dba.get(f"lots/{lot.public_id}/history").json()["results"][0]

    assert newest["changes"] == [{"field": "vaccine", "before": str(wrong), "after": str(right)}]


def test_diseases_that_changed_are_told_with_the_version_they_made(dba):
    vaccine = make.make_vaccine(diseases=["36989005", "14189004"])
    address = f"vaccines/{vaccine.public_id}"
    sent = {"diseases": ["36653000"], "reason": WHY}
    dba.send("put", f"{address}/diseases", sent, if_match='"1"')
    dba.patch(address, {"short_name": "New", "reason": WHY}, version=2)
    dba.send("put", f"{address}/diseases", sent | {"diseases": []}, if_match='"3"')

    told = dba.get(f"{address}/history").json()["results"]

    assert [row["changes"] for row in told] == [
        [{"field": "diseases", "before": "36653000", "after": ""}],
        [{"field": "short_name", "before": vaccine.short_name, "after": "New"}],
        [{"field": "diseases", "before": "14189004, 36989005", "after": "36653000"}],
        [],
    ]


def test_long_history_comes_in_parts_that_fit_together(dba):
    clinic = make.make_clinic(name="Name 0")
    renamed(clinic, 6)
    address = f"clinics/{clinic.public_id}/history"

    whole = dba.get(address).json()["results"]
    parts, page = [], f"{address}?limit=3"
    while page:
        answer = dba.get(page).json()
        assert len(answer["results"]) <= 3
        parts += answer["results"]
        page = answer["next"]

    assert [row["version"] for row in whole] == [7, 6, 5, 4, 3, 2, 1]
    assert parts == whole
    # The last of a part is told with its change, though what it changed is in the next one.
    assert whole[2]["changes"] == [{"field": "name", "before": "Name 3", "after": "Name 4"}]


def test_long_history_costs_the_same_as_a_short_one(dba, django_assert_max_num_queries):
    clinic = make.make_clinic()
    renamed(clinic, 60)

    with django_assert_max_num_queries(8):
        answer = dba.get(f"clinics/{clinic.public_id}/history")

    assert len(answer.json()["results"]) == 50


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("before_version=0", "before_version"),
        ("before_version=-1", "before_version"),
        ("before_version=99999999999", "before_version"),
        ("as_of=2026-01-01T00:00:00Z", "as_of"),
        ("fields=version", "fields"),
    ],
)
def test_parameter_that_history_does_not_take_is_refused(dba, query, name):
    clinic = make.make_clinic()

    answer = dba.get(f"clinics/{clinic.public_id}/history?{query}")

    assert (answer.status_code, set(refused_fields(answer))) == (422, {name})


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_has_a_history(dba, kind):
    row = kind.make()

    [first] = dba.get(f"{kind.path}/{row.public_id}/history").json()["results"]

    assert first["version"] == 1
    assert dba.get(f"{kind.path}/{ABSENT}/history").status_code == 404


@pytest.mark.parametrize("role", [role.name for role in ROLES if role != DBA])
def test_other_roles_are_refused_before_the_look_up(role):
    clinic = make.make_clinic()
    user = make.make_user(role)
    dose = make.make_dose(clinic=clinic)
    if role == PATIENT.name:
        make.make_grant(user, dose.patient)
    elif role not in (LOGISTICS.name, SALES.name):
        make.make_volunteer(clinic, user=user)
    caller = Caller(user)

    for address in ("clinics", "patients", "doses"):
        row = {"clinics": clinic, "patients": dose.patient, "doses": dose}[address]
        for key in (row.public_id, ABSENT):
            answer = caller.get(f"{address}/{key}/history")
            assert (answer.status_code, answer.json().get("results")) == (403, None)


def test_history_of_a_dose_leaves_an_entry_for_the_patient(dba):
    dose = make.make_dose()
    doses.amend_dose(by=make.system(), dose=dose, version=1, reason=WHY, changes={"site": "LA"})

    answer = dba.get(f"doses/{dose.public_id}/history")

    assert answer.json()["results"][0]["changes"][0]["field"] == "site"
    [entry] = AuditEntry.objects.filter(action="patient.read", actor=dba.user)
    assert (entry.patient_id, entry.fields, entry.channel) == (dose.patient_id, ["history"], "api")


def test_history_takes_no_other_method(dba):
    clinic = make.make_clinic()

    for method in ("post", "put", "patch", "delete"):
        assert dba.send(method, f"clinics/{clinic.public_id}/history").status_code == 405
