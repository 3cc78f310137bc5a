"""The clinic workspace: the patient's signed codes."""

import pytest

from accounts.roles import PATIENT
from records.codecs import qr, shc
from records.models import AuditEntry, Credential
from tests.records import factories as make
from tests.records.issuer import issue, make_eu_lot
from tests.records.web.helpers import NOBODY, path_of

pytestmark = pytest.mark.django_db


def page_of(credential, tail=""):
    return path_of(credential.patient, f"card/{credential.public_id}{tail}")


def test_volunteer_makes_and_shows_the_code_of_a_patient(at_work, volunteer, patient, dose):
    assert path_of(patient, "card") in at_work.get(path_of(patient, "")).content.decode()

    made = at_work.post(path_of(patient, "card"), {"format": "shc"})
    [card] = Credential.objects.all()
    listed = at_work.get(path_of(patient, "card")).content.decode()
    page = at_work.get(page_of(card))
    png = at_work.get(page_of(card, "/qr-code.png"))

    assert (made["Location"], card.issued_by) == (path_of(patient, "card"), volunteer)
    assert page_of(card) in listed
    assert "/passport/" not in page.content.decode().partition("<main")[2]
    assert "Harbour Clinic" in page.content.decode()
    [text] = qr.read(png.content)
    assert shc.read(text).statement.person.family == "Okonkwo"
    entries = AuditEntry.objects.filter(request_id=page["X-Request-ID"])
    assert [(entry.actor, entry.patient) for entry in entries] == [(volunteer, patient)]


def test_codes_of_a_patient_elsewhere_are_absent(at_work, text_of):
    hidden = make.make_dose(patient=make.make_patient(), lot=make_eu_lot()).patient
    [card] = issue(hidden)
    absent = f"/clinic/patients/{NOBODY}/card"

    assert text_of(at_work.get(path_of(hidden, "card"))) == text_of(at_work.get(absent))
    assert at_work.get(page_of(card)).status_code == 404
    assert at_work.get(page_of(card, "/qr-code.png")).status_code == 404
    assert at_work.post(path_of(hidden, "card"), {"format": "dcc"}).status_code == 404
    assert Credential.objects.count() == 1


def test_code_of_another_visible_patient_does_not_stand_below_this_one(
    at_work, clinic, patient, dose
):
    [card] = issue(make.make_dose(patient=make.make_patient(clinic=clinic)).patient)

    assert at_work.get(page_of(card)).status_code == 200
    assert at_work.get(path_of(patient, f"card/{card.public_id}")).status_code == 404


def test_grant_opens_no_code_in_the_clinic(at_work, volunteer, clinic):
    own = make.make_dose(patient=make.make_patient()).patient
    make.ensure_roles()
    volunteer.groups.add(volunteer.groups.model.objects.get(name=PATIENT.name))
    make.make_grant(volunteer, own)
    [card] = issue(own)

    assert at_work.get(path_of(own, "card")).status_code == 404
    assert at_work.get(page_of(card)).status_code == 404
    assert at_work.get(f"/passport/{own.public_id}/card/{card.public_id}").status_code == 200


def test_record_that_nobody_has_confirmed_gets_no_code_but_a_way_to_confirm(at_work, clinic):
    unproved = make.make_patient(clinic=clinic, identity_confirmed=False)
    make.make_dose(patient=unproved)

    page = at_work.get(path_of(unproved, "card")).content.decode()
    refused = at_work.post(path_of(unproved, "card"), {"format": "shc"}, follow=True)

    assert path_of(unproved, "identity") in page
    assert "Make the code" not in page
    assert "A clinic has to confirm first" in refused.content.decode()
    assert not Credential.objects.exists()
