"""Merges of patients over the API."""

import pytest

from accounts.roles import DBA
from records.domain import patients
from records.models import AuditEntry, PatientMerge
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper():
    return Caller(make.make_user(DBA.name))


@pytest.fixture
def pair():
    """Return the record that remains and its duplicate, which has a dose."""
    survivor, duplicate = make.make_patient(), make.make_patient()
    make.make_dose(patient=duplicate)
    return survivor, duplicate


def merge(keeper, survivor, duplicate, **fields):
    body = {
        "duplicate": str(duplicate.public_id),
        "duplicate_version": 1,
        "reason": "One person.",
        **fields,
    }
    return keeper.post(f"patients/{survivor.public_id}/merge", body)


def test_merge_moves_the_doses_and_undo_moves_them_back(keeper, pair):
    survivor, duplicate = pair
    dose = duplicate.doses.get()

    made = merge(keeper, survivor, duplicate)

    assert made.status_code == 201
    assert (
        made.json()
        | {
            "survivor": str(survivor.public_id),
            "duplicate": str(duplicate.public_id),
            "undone_at": None,
        }
        == made.json()
    )
    assert keeper.get(made["Location"]).json() == made.json()
    assert keeper.get(f"doses/{dose.public_id}").json()["patient"] == str(survivor.public_id)

    undone = keeper.post(
        f"merges/{made.json()['id']}/undo", {"reason": "Two people."}, if_match='"1"'
    )

    assert undone.json()["undone_at"] is not None
    assert keeper.get(f"doses/{dose.public_id}").json()["patient"] == str(duplicate.public_id)
    assert keeper.get("merges?undone=true").json()["results"] == [undone.json()]


def test_dose_recorded_since_goes_back_where_it_is_named(keeper, pair):
    survivor, duplicate = pair
    made = merge(keeper, survivor, duplicate).json()
    since = make.make_dose(patient=survivor)
    body = {"reason": "Two people.", "also": [str(since.public_id)]}

    keeper.post(f"merges/{made['id']}/undo", body, if_match='"1"')

    assert keeper.get(f"doses/{since.public_id}").json()["patient"] == str(duplicate.public_id)


def test_merge_of_a_record_that_changed_is_stale(keeper, pair):
    survivor, duplicate = pair
    patients.amend_patient(
        by=make.system(), patient=duplicate, version=1, reason="Typo.", changes={"city": "Graz"}
    )

    answer = merge(keeper, survivor, duplicate)

    assert (answer.status_code, answer.json()["current_version"]) == (412, 2)


def test_record_is_not_merged_into_itself(keeper, pair):
    survivor, _duplicate = pair

    assert set(refused_fields(merge(keeper, survivor, survivor))) == {"survivor"}


def test_volunteer_merges_nothing(pair):
    nurse = Caller(make.make_volunteer_user(make.make_clinic()))

    assert merge(nurse, *pair).status_code == 403
    assert nurse.get("merges").status_code == 403
    assert not PatientMerge.objects.exists()


def test_list_notes_both_patients(keeper, pair):
    merge(keeper, *pair)

    keeper.get("merges")

    noted = AuditEntry.objects.filter(action="patient.read").values_list("patient", flat=True)
    assert sorted(noted) == sorted(patient.pk for patient in pair)
