"""The printable certificate, in the portal and at the clinic."""

import datetime as dt

import pytest
from django.contrib.staticfiles import finders
from django.utils.formats import date_format
from django.utils.translation import override

from accounts.roles import PATIENT
from records.domain import lots
from records.domain.codes import read_code
from records.models import AuditEntry
from tests.records import factories as make
from tests.records.codecs.printed import codes_on, text_of
from tests.records.issuer import issue

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        finders.find("print/DejaVuSansCondensed.ttf") is None,
        reason="scripts/frontend did not bring the fonts",
    ),
]
SIZES = ["a4", "card"]


@pytest.fixture
def user(db):
    return make.make_user(PATIENT.name)


@pytest.fixture
def clinic(db):
    return make.make_clinic(name="Harbour Clinic")


@pytest.fixture
def patient(user, clinic):
    born = dt.date(1986, 4, 2)
    patient = make.make_patient(
        first_name="Zoë", last_name="Okonkwo", date_of_birth=born, clinic=clinic
    )
    make.make_grant(user, patient)
    return patient


@pytest.fixture
def dose(patient, clinic):
    lot = make.make_lot(vaccine=make.make_vaccine(short_name="MMR"), number="ZQ42")
    return make.make_dose(
        patient=patient, lot=lot, clinic=clinic, volunteer=make.make_volunteer(clinic)
    )


@pytest.fixture
def at_home(client, user):
    client.force_login(user)
    return client


def path(patient, size="a4", space="passport"):
    middle = "patients/" if space == "clinic" else ""
    return f"/{space}/{middle}{patient.public_id}/certificate.pdf?size={size}"


@pytest.mark.parametrize("size", SIZES)
def test_certificate_states_person_and_doses(at_home, patient, dose, size):
    answer = at_home.get(path(patient, size))

    assert answer["Content-Type"] == "application/pdf"
    text = text_of(answer.content)
    for words in ("Zoë Okonkwo", "2 April 1986", "MMR"):
        assert words in text


def test_certificate_tells_maker_lot_and_clinic(at_home, patient, dose):
    text = text_of(at_home.get(path(patient)).content)

    for words in ("Lot ZQ42", dose.manufacturer.name, "Harbour Clinic", "Page 1 of 1"):
        assert words in text
    assert "Lot recalled" not in text


def test_certificate_marks_a_recalled_lot(at_home, patient, dose):
    lots.recall_lot(
        by=make.system(), lot=dose.lot, version=1, recalled_on=make.days_ago(0), reason="Cold chain"
    )

    assert "Lot recalled" in text_of(at_home.get(path(patient)).content)


def test_file_is_a_download_that_names_nobody(at_home, patient, dose):
    headers = [at_home.get(path(patient, size))["Content-Disposition"] for size in SIZES]

    assert headers == [
        'attachment; filename="vaccination-certificate.pdf"',
        'attachment; filename="vaccination-card.pdf"',
    ]


@pytest.mark.parametrize("size", SIZES)
def test_signed_codes_are_on_the_certificate(at_home, user, patient, dose, size):
    [credential] = issue(patient)

    [found] = codes_on(at_home.get(path(patient, size)).content)

    assert found == read_code(by=user, credential=credential).scannable


def test_dose_in_no_code_is_told(at_home, patient, dose):
    issue(patient)
    make.make_dose(patient=patient)

    assert "One vaccination is in no code yet." in text_of(at_home.get(path(patient)).content)


def test_relative_gets_the_certificate_without_codes(client, patient, dose):
    issue(patient)
    client.force_login(holder := make.make_user(PATIENT.name))
    make.make_grant(holder, patient, template="relative")

    content = client.get(path(patient)).content

    assert "Zoë Okonkwo" in text_of(content)
    assert "Without a signed code" in text_of(content)
    assert codes_on(content) == []


def test_unconfirmed_record_says_so_on_paper(at_home, user):
    patient = make.make_patient(identity_confirmed=False)
    make.make_grant(user, patient)

    assert "Nobody has confirmed" in text_of(at_home.get(path(patient)).content)


def test_certificate_speaks_the_readers_language(at_home, patient, dose):
    with override("es"):
        expected = date_format(patient.date_of_birth)

    answer = at_home.get(path(patient), headers={"Accept-Language": "es"})

    assert b"/Lang (es)" in answer.content
    assert expected in text_of(answer.content)


def test_certificate_leaves_an_entry(at_home, user, patient, dose):
    at_home.get(path(patient))

    entry = AuditEntry.objects.get(actor=user, action="patient.read")
    assert (entry.patient, entry.fields) == (patient, ["passport"])


def test_certificate_of_another_record_is_404(at_home, patient):
    assert at_home.get(path(make.make_patient())).status_code == 404


def test_unknown_size_is_404(at_home, patient):
    assert at_home.get(path(patient, "a0")).status_code == 404


def test_site_without_fonts_says_that_nothing_can_be_printed(at_home, patient, monkeypatch):
    monkeypatch.setattr(finders, "find", lambda name: None)

    page = at_home.get(path(patient), follow=True)

    assert page.redirect_chain[-1][0] == f"/passport/{patient.public_id}/"
    assert "No certificate can be printed" in page.content.decode()


def test_clinic_prints_it_for_its_patients(client, patient, dose, clinic):
    issue(patient)
    client.force_login(make.make_volunteer_user(clinic))

    content = client.get(path(patient, space="clinic")).content

    assert "Zoë Okonkwo" in text_of(content)
    assert len(codes_on(content)) == 1
    elsewhere = make.make_patient()
    assert client.get(path(elsewhere, space="clinic")).status_code == 404


@pytest.mark.parametrize("size", SIZES)
def test_passport_and_codes_lead_to_the_certificate(at_home, patient, dose, size):
    tail = "?size=card" if size == "card" else ""
    address = f"/passport/{patient.public_id}/certificate.pdf{tail}"

    for page in ("", "card"):
        shown = at_home.get(f"/passport/{patient.public_id}/{page}").content.decode()
        assert f'href="{address}"' in shown
