"""The clinic workspace: identity, claim codes, and access that passes to the patient."""

import datetime as dt
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.roles import DBA, PATIENT
from records.domain import claims
from records.models import ClaimCode, Patient, PatientGrant
from tests.records import factories as make
from tests.records.web.helpers import NOBODY, code_on, path_of

pytestmark = pytest.mark.django_db

PAGES = ("identity", "claim-code", "hand-over")


@pytest.fixture
def patient(clinic):
    """A patient who has not shown yet who they are."""
    return make.make_patient(last_name="Okonkwo", clinic=clinic, identity_confirmed=False)


@pytest.fixture
def confirmed(clinic):
    return make.make_patient(last_name="Okonkwo", clinic=clinic, identity_confirmed=True)


@pytest.fixture
def grown_up(clinic):
    """A patient of twenty whose mother still has access."""
    born = timezone.localdate() - dt.timedelta(days=20 * 366)
    patient = make.make_patient(clinic=clinic, identity_confirmed=True, date_of_birth=born)
    mother = make.make_user(PATIENT.name, name="Mara Mother")
    make.make_grant(mother, patient, template="guardian")
    return patient


def page(client, patient, tail=""):
    return client.get(path_of(patient, tail)).content.decode()


def test_unconfirmed_identity_is_marked_wherever_one_works(at_work, patient, confirmed):
    for tail in ("", "record"):
        assert "Identity not confirmed" in page(at_work, patient, tail)
        assert "Identity not confirmed" not in page(at_work, confirmed, tail)


def test_identity_is_confirmed_once_seen(at_work, patient):
    answer = at_work.post(path_of(patient, "identity"), {"version": 1}, follow=True)

    patient.refresh_from_db()
    assert patient.identity_confirmed_on is not None
    assert "Print a claim code" in answer.content.decode()


def test_identity_of_a_record_changed_meanwhile_is_compared_again(at_work, patient):
    answer = at_work.post(path_of(patient, "identity"), {"version": 7}, follow=True)

    patient.refresh_from_db()
    assert patient.identity_confirmed_on is None
    assert "changed meanwhile" in answer.content.decode()


def test_identity_page_hints_at_a_second_record_without_telling_of_elsewhere(
    at_work, patient, clinic
):
    assert "second record" not in page(at_work, patient, "identity")
    twin = {"last_name": "Okonkwo", "date_of_birth": patient.date_of_birth}
    make.make_patient(**twin, clinic=make.make_clinic(name="Far Clinic"), city="Faraway")

    shown = page(at_work, patient, "identity")

    assert "exists at another clinic" in shown
    assert "Faraway" not in shown
    assert "Far Clinic" not in shown
    here = make.make_patient(**twin, clinic=clinic)
    assert str(here.public_id) in page(at_work, patient, "identity")


def test_identity_page_leads_on_to_merging_a_second_record(at_work, patient, clinic):
    address = path_of(patient, "same-person")
    assert address not in page(at_work, patient, "identity")
    twin = make.make_patient(
        last_name="Okonkwo", date_of_birth=patient.date_of_birth, clinic=clinic
    )

    assert f'href="{address}"' in page(at_work, patient, "identity")
    assert str(twin.public_id) in at_work.get(address).content.decode()


def test_code_waits_for_the_identity(at_work, patient):
    assert "Confirm it first" in page(at_work, patient, "claim-code")
    at_work.post(path_of(patient, "claim-code"), {"template": "self"})
    assert not ClaimCode.objects.exists()


def test_code_is_shown_once_with_name_and_way_but_no_birth_date(at_work, confirmed):
    answer = at_work.post(path_of(confirmed, "claim-code"), {"template": "self"})

    slip = answer.content.decode()
    text = code_on(answer.content.decode())
    assert "Ada Okonkwo" in slip
    assert "http://testserver/accounts/claim/" in slip
    assert "17 May 1980" not in slip
    assert "no-store" in answer["Cache-Control"]
    assert text not in page(at_work, confirmed)
    assert "Code not used yet" in page(at_work, confirmed)
    claimed = claims.claim_record(
        by=make.make_user(PATIENT.name), code=text, date_of_birth=confirmed.date_of_birth
    )
    assert claimed.patient == confirmed


def test_relative_gets_a_last_day(at_work, confirmed):
    day = make.days_ago(-20)

    answer = at_work.post(
        path_of(confirmed, "claim-code"), {"template": "relative", "last_day": day.isoformat()}
    )

    assert f"{day:%-d %B %Y}" in answer.content.decode()
    assert ClaimCode.objects.get().access_until.date() == day


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"template": "guardian"}, "not one of the available choices"),
        ({"template": "self", "last_day": "2099-01-01"}, "Only the access of a carer"),
        ({"template": "relative", "last_day": "2001-01-01"}, "This day is past"),
    ],
)
def test_code_that_cannot_be_says_why(at_work, confirmed, fields, told):
    answer = at_work.post(path_of(confirmed, "claim-code"), fields)

    assert told in answer.content.decode()
    assert not ClaimCode.objects.exists()


def test_child_gets_a_code_for_a_parent(at_work, clinic):
    child = make.make_patient(
        clinic=clinic, identity_confirmed=True, date_of_birth=make.days_ago(900)
    )

    at_work.post(path_of(child, "claim-code"), {"template": "guardian"})

    assert ClaimCode.objects.get().template == "guardian"


def test_patient_page_tells_how_many_have_access_and_never_who(at_work, grown_up):
    shown = page(at_work, grown_up)

    assert "1 account" in shown
    assert "Mara Mother" not in shown
    assert "Pass access to the patient" in shown


def test_guardian_of_a_minor_is_not_asked_to_hand_over(at_work, clinic):
    child = make.make_patient(
        clinic=clinic, identity_confirmed=True, date_of_birth=make.days_ago(900)
    )
    make.make_grant(make.make_user(PATIENT.name), child, template="guardian")

    assert "Pass access" not in page(at_work, child)
    answer = at_work.post(path_of(child, "hand-over"), {"reason": "Asked for"})
    assert "not of age" in answer.content.decode()
    assert PatientGrant.objects.exists()


def test_access_passes_to_the_grown_up_patient(at_work, grown_up):
    answer = at_work.post(path_of(grown_up, "hand-over"), {"reason": "Came in person"})

    assert not PatientGrant.objects.exists()
    person = make.make_user(PATIENT.name)
    born = grown_up.date_of_birth
    assert claims.claim_record(by=person, code=code_on(answer.content.decode()), date_of_birth=born)


@pytest.mark.parametrize("tail", PAGES)
def test_page_of_a_patient_of_elsewhere_is_404_like_an_absent_one(at_work, tail, text_of):
    elsewhere = make.make_patient(clinic=make.make_clinic(), identity_confirmed=True)
    absent = Patient(public_id=UUID(NOBODY))
    for method in (at_work.get, at_work.post):
        there, nobody = (method(path_of(patient, tail)) for patient in (elsewhere, absent))
        assert there.status_code == nobody.status_code == 404
        assert text_of(there) == text_of(nobody)


@pytest.mark.parametrize("tail", PAGES)
@pytest.mark.parametrize("role", [PATIENT, DBA])
def test_page_is_for_those_who_work_at_a_clinic(client, confirmed, tail, role):
    client.force_login(make.make_user(role.name))
    assert client.get(path_of(confirmed, tail)).status_code == 403
    assert client.post(path_of(confirmed, tail)).status_code == 403
    assert not ClaimCode.objects.exists()


def test_identity_of_a_record_that_somebody_registered_needs_a_look_at_their_account(
    at_work, patient
):
    assert "account_shown" not in page(at_work, patient, "identity")
    make.make_grant(make.make_user(PATIENT.name, name="Mal Lory", email="mal@x.org"), patient)

    assert "reads what is recorded here" in page(at_work, patient)
    refused = at_work.post(path_of(patient, "identity"), {"version": 1})
    patient.refresh_from_db()
    assert patient.identity_confirmed_on is None
    assert "Somebody reads this record" in refused.content.decode()
    assert "mal@x.org" not in refused.content.decode()
    at_work.post(path_of(patient, "identity"), {"version": 1, "account_shown": "on"})
    patient.refresh_from_db()
    assert patient.identity_confirmed_on is not None
