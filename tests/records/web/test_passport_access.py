"""The patient's portal: contact data, and who has access."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.roles import PATIENT, VOLUNTEER
from records.domain import patients
from records.models import AuditEntry, PatientGrant
from tests.records import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(db):
    return make.make_user(PATIENT.name, name="Ada Okonkwo")


@pytest.fixture
def patient(user):
    patient = make.make_patient(last_name="Okonkwo", city="Graz")
    make.make_grant(user, patient)
    return patient


@pytest.fixture
def relative(patient):
    """The access of somebody else to the same record."""
    aunt = make.make_user(PATIENT.name, name="Aunt Amy", email="amy@example.org")
    until = timezone.now() + dt.timedelta(days=10)
    return make.make_grant(aunt, patient, template="relative", expires_at=until)


@pytest.fixture
def at_home(client, user):
    client.force_login(user)
    return client


def path(patient, tail):
    return f"/passport/{patient.public_id}/{tail}"


def removal(grant):
    return path(grant.patient, f"access/{grant.public_id}/remove")


def as_holder(client, patient, template):
    client.force_login(holder := make.make_user(PATIENT.name, name="Holly Holder"))
    make.make_grant(holder, patient, template=template)
    return holder


def test_passport_leads_to_both_pages(at_home, patient):
    page = at_home.get(path(patient, "")).content.decode()

    assert path(patient, "access") in page
    assert path(patient, "contact") in page


@pytest.mark.parametrize(
    ("template", "manages", "shares"),
    [("guardian", True, True), ("carer", True, False), ("relative", False, False)],
)
def test_passport_leads_only_where_the_grant_does(client, patient, template, manages, shares):
    as_holder(client, patient, template)

    page = client.get(path(patient, "")).content.decode()

    assert (path(patient, "contact") in page) is manages
    assert (path(patient, "log") in page) is shares


def test_owner_sees_everybody_with_access(at_home, patient, relative):
    other = make.make_patient()
    make.make_grant(make.make_user(PATIENT.name, name="Stranger"), other)

    page = at_home.get(path(patient, "access")).content.decode()

    assert "Ada Okonkwo" in page
    assert "Aunt Amy" in page
    assert f"{relative.expires_at:%-d %B %Y}" in page
    assert f"{timezone.now():%-d %B %Y}" in page
    assert "Stranger" not in page
    assert "amy@example.org" not in page


def test_expired_access_is_not_listed(at_home, patient, relative):
    PatientGrant.objects.filter(pk=relative.pk).update(expires_at=timezone.now())

    assert "Aunt Amy" not in at_home.get(path(patient, "access")).content.decode()


@pytest.mark.parametrize("template", ["carer", "relative"])
def test_who_may_not_share_sees_only_their_own_access(client, patient, relative, template):
    as_holder(client, patient, template)

    page = client.get(path(patient, "access")).content.decode()

    assert "Holly Holder" in page
    assert "Aunt Amy" not in page


def test_owner_removes_access_after_being_asked(at_home, patient, relative):
    assert "Aunt Amy" in at_home.get(removal(relative)).content.decode()
    assert PatientGrant.objects.filter(pk=relative.pk).exists()

    at_home.post(removal(relative))

    assert not PatientGrant.objects.filter(pk=relative.pk).exists()
    entry = AuditEntry.objects.get(action="patientgrant.revoked")
    assert (entry.patient, entry.channel) == (patient, "web")
    client = type(at_home)()
    client.force_login(relative.user)
    assert client.get(path(patient, "")).status_code == 404


def test_relative_gives_up_their_own_access(client, patient):
    holder = as_holder(client, patient, "relative")
    grant = PatientGrant.objects.get(user=holder)

    assert client.post(removal(grant))["Location"] == "/passport/"
    assert client.get(path(patient, "")).status_code == 404


def test_own_access_to_ones_own_record_stays(at_home, user, patient):
    grant = PatientGrant.objects.get(user=user)

    assert removal(grant) not in at_home.get(path(patient, "access")).content.decode()
    assert at_home.post(removal(grant)).status_code == 403
    assert PatientGrant.objects.filter(pk=grant.pk).exists()


def test_access_to_another_record_cannot_be_removed_here(at_home, patient):
    other = make.make_grant(make.make_user(PATIENT.name), make.make_patient(), template="relative")

    for page in (removal(other), path(patient, f"access/{other.public_id}/remove")):
        assert at_home.post(page).status_code == 404
    assert PatientGrant.objects.filter(pk=other.pk).exists()


def test_contact_data_are_saved(at_home, patient):
    page = at_home.get(path(patient, "contact"))
    assert "Graz" in page.content.decode()

    answer = at_home.post(path(patient, "contact"), {"version": 1, "city": "Linz", "phone": "1"})

    assert answer["Location"] == path(patient, "")
    patient.refresh_from_db()
    assert (patient.city, patient.phone, patient.last_name) == ("Linz", "1", "Okonkwo")


def test_contact_data_changed_meanwhile_are_shown_beside_what_was_typed(at_home, patient):
    patients.amend_patient(
        by=make.system(), patient=patient, version=1, reason="Moved", changes={"city": "Wien"}
    )

    answer = at_home.post(path(patient, "contact"), {"version": 1, "city": "Linz"})

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "changed meanwhile" in page
    for value in ("<del>Graz</del>", "<ins>Wien</ins>", 'value="Linz"'):
        assert value in page
    patient.refresh_from_db()
    assert patient.city == "Wien"
    at_home.post(path(patient, "contact"), {"version": 2, "city": "Linz"})
    patient.refresh_from_db()
    assert patient.city == "Linz"


def test_wrong_contact_data_are_refused_at_their_field(at_home, patient):
    sent = {"version": 1, "email": "no address"}

    assert "valid email" in at_home.post(path(patient, "contact"), sent).content.decode()


def test_relative_changes_no_contact_data(client, patient):
    as_holder(client, patient, "relative")

    assert path(patient, "contact") not in client.get(path(patient, "")).content.decode()
    assert client.get(path(patient, "contact")).status_code == 403
    assert client.post(path(patient, "contact"), {"version": 1}).status_code == 403


@pytest.mark.parametrize("tail", ["access", "contact"])
def test_page_of_another_record_is_404_like_an_absent_one(at_home, patient, tail, text_of):
    other = make.make_patient()
    there = at_home.get(path(other, tail))
    other.public_id = "00000000-0000-4000-8000-000000000000"
    absent = at_home.get(path(other, tail))

    assert there.status_code == absent.status_code == 404
    assert text_of(there) == text_of(absent)


@pytest.mark.parametrize("tail", ["access", "contact"])
def test_page_without_the_role_is_403_and_without_sign_in_leads_there(client, patient, tail):
    assert client.get(path(patient, tail)).status_code == 302
    client.force_login(make.make_user(VOLUNTEER.name))
    assert client.get(path(patient, tail)).status_code == 403
