"""The patient's portal: signed codes."""

import base64
import re

import orjson
import pytest
from cryptography.fernet import Fernet

from accounts.roles import PATIENT
from records.codecs import hcert, qr, shc
from records.domain import doses, lots
from records.domain.credentials import revoke_credential
from records.models import AuditEntry, Credential, RevocationCause
from tests.records import factories as make
from tests.records.issuer import issue, make_eu_lot, with_file

pytestmark = pytest.mark.django_db

QUERIES = 9


@pytest.fixture
def user(db):
    return make.make_user(PATIENT.name, name="Ada Okonkwo")


@pytest.fixture
def patient(user):
    patient = make.make_patient(last_name="Okonkwo", first_name="Zoë", clinic=make.make_clinic())
    make.make_grant(user, patient)
    return patient


@pytest.fixture
def dose(patient):
    return make.make_dose(patient=patient, lot=make_eu_lot(number="ZQ42"))


@pytest.fixture
def at_home(client, user):
    client.force_login(user)
    return client


def path(patient, tail=""):
    return f"/passport/{patient.public_id}/card{tail}"


def page_of(credential, tail=""):
    return path(credential.patient, f"/{credential.public_id}{tail}")


def text_in(page):
    """Return what the QR code in a page holds."""
    [picture] = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    svg = base64.b64decode(picture).decode()
    assert svg.startswith("<svg")
    return svg


def test_passport_leads_to_the_codes(at_home, patient, dose):
    assert path(patient) in at_home.get(f"/passport/{patient.public_id}/").content.decode()


@pytest.mark.parametrize(("template", "manages"), [("carer", True), ("relative", False)])
def test_codes_are_for_who_manages_the_record(client, patient, dose, template, manages):
    [credential] = issue(patient)
    client.force_login(holder := make.make_user(PATIENT.name))
    make.make_grant(holder, patient, template=template)

    passport = client.get(f"/passport/{patient.public_id}/").content.decode()
    answers = [
        client.get(address).status_code
        for address in (path(patient), page_of(credential), page_of(credential, "/qr-code.svg"))
    ]
    made = client.post(path(patient), {"format": "dcc"}).status_code

    assert (path(patient) in passport) is manages
    assert answers == [200 if manages else 404] * 3
    assert made == (302 if manages else 404)
    assert Credential.objects.filter(format="dcc").exists() is manages


def test_relative_gets_the_answer_of_an_absent_record(client, patient, dose, text_of):
    client.force_login(holder := make.make_user(PATIENT.name))
    make.make_grant(holder, patient, template="relative")
    absent = "/passport/00000000-0000-4000-8000-000000000000/card"

    assert text_of(client.get(path(patient))) == text_of(client.get(absent))


def test_codes_are_made_by_a_button_and_shown(at_home, patient, dose):
    before = at_home.get(path(patient)).content.decode()
    for format in ("shc", "dcc"):
        assert f'value="{format}"' in before
        assert at_home.post(path(patient), {"format": format})["Location"] == path(patient)
    after = at_home.get(path(patient)).content.decode()

    assert {one.format for one in Credential.objects.all()} == {"shc", "dcc"}
    for credential in Credential.objects.all():
        assert page_of(credential) in after
        assert credential.issued_by.email == at_home.get(path(patient)).wsgi_request.user.email
    assert "<button" not in after.partition("<main")[2].partition("</main")[0]
    assert "Valid until" in after


def test_new_dose_is_said_to_be_in_no_code_yet(at_home, patient, dose):
    [first] = issue(patient)
    make.make_dose(patient=patient, administered_on=make.days_ago(3))

    page = at_home.get(path(patient)).content.decode()
    at_home.post(path(patient), {"format": "shc"})
    after = at_home.get(path(patient)).content.decode()

    assert "One vaccination is in no code yet." in page
    assert "One vaccination is in no code yet." not in after
    assert "Earlier codes" in after
    assert "A newer one says all of it" in after
    assert page_of(first) in after.partition("Earlier codes")[2]


def test_dose_without_an_eu_product_is_named_with_the_reason(at_home, patient):
    make.make_dose(patient=patient)

    page = at_home.get(path(patient)).content.decode()

    assert "No EU product is known for this lot." in page
    assert 'value="dcc"' not in page
    assert "There is no vaccination that such a code could state." in page


def test_card_page_states_what_the_code_says(at_home, patient, dose, settings):
    [card] = issue(patient)

    page = at_home.get(page_of(card)).content.decode()

    assert "Zoë Okonkwo" in page
    assert f"{patient.date_of_birth:%-d %B %Y}" in page
    assert "ZQ42" in page
    assert dose.lot.vaccine.short_name in page
    assert f"{dose.administered_on:%-d %B %Y}" in page
    assert settings.ISSUER.url in page
    assert text_in(page)


def test_certificate_page_shows_both_names_and_the_place_in_the_series(at_home, patient, dose):
    [certificate] = issue(patient, "dcc")

    page = at_home.get(page_of(certificate)).content.decode()

    assert "OKONKWO&lt;&lt;ZOE" in page
    assert "Dose 1 of" in page
    assert "Comirnaty" in page
    assert "smart-health-card" not in page


def test_page_and_pictures_hold_the_code_that_was_issued(at_home, patient, dose):
    [card], [certificate] = issue(patient), issue(patient, "dcc")

    for credential, read in ((card, shc.read), (certificate, hcert.read)):
        png = at_home.get(page_of(credential, "/qr-code.png"))
        svg = at_home.get(page_of(credential, "/qr-code.svg"))
        [text] = qr.read(png.content)
        assert read(text).statement.identifier == credential.identifier
        assert (png["Content-Type"], svg["Content-Type"]) == ("image/png", "image/svg+xml")
        assert svg.content.decode() == text_in(at_home.get(page_of(credential)).content.decode())
        for answer in (png, svg):
            assert "no-store" in answer["Cache-Control"]
            assert "attachment" in answer["Content-Disposition"]
            assert "Okonkwo" not in answer["Content-Disposition"]


def test_file_for_wallets_holds_the_card(at_home, patient, dose):
    [card], [certificate] = issue(patient), issue(patient, "dcc")

    answer = at_home.get(page_of(card, "/vaccinations.smart-health-card"))
    [text] = orjson.loads(answer.content)["verifiableCredential"]

    assert answer["Content-Type"] == "application/smart-health-card"
    assert shc.read(text).statement.identifier == card.identifier
    wrong = at_home.get(page_of(certificate, "/vaccinations.smart-health-card"))
    assert wrong.status_code == 404


def test_every_look_at_a_code_is_noted(at_home, patient, dose):
    [card] = issue(patient)

    for address in (
        path(patient),
        page_of(card),
        page_of(card, "/qr-code.png"),
        page_of(card, "/vaccinations.smart-health-card"),
    ):
        answer = at_home.get(address)
        entries = AuditEntry.objects.filter(request_id=answer["X-Request-ID"])
        assert [(entry.patient, entry.action) for entry in entries] == [(patient, "patient.read")]


def test_code_of_a_voided_dose_is_shown_as_issued_and_gives_no_file(at_home, patient, dose):
    [card] = issue(patient)
    doses.void_dose(by=make.system(), dose=dose, version=1, reason="Wrong person")

    listed = at_home.get(path(patient)).content.decode()
    page = at_home.get(page_of(card)).content.decode()

    assert "Withdrawn" in listed
    assert str(RevocationCause.DOSE_VOIDED.label) in listed
    assert "This code was withdrawn" in page
    assert str(RevocationCause.DOSE_VOIDED.label) in page
    assert "ZQ42" in page
    assert "qr--withdrawn" in page
    for name in ("qr-code.svg", "qr-code.png", "vaccinations.smart-health-card"):
        assert name not in page
        assert at_home.get(page_of(card, f"/{name}")).status_code == 404
    assert "Wrong person" not in listed + page


def test_recalled_lot_is_marked_and_the_code_still_counts(at_home, patient, dose):
    [card], [certificate] = issue(patient), issue(patient, "dcc")
    lots.recall_lot(
        by=make.system(), lot=dose.lot, version=1, reason="Glass", recalled_on=make.days_ago(1)
    )

    for address in (path(patient), page_of(card), page_of(certificate)):
        page = at_home.get(address).content.decode()
        assert "Lot recalled" in page
        assert "This code was withdrawn" not in page
    assert at_home.get(page_of(card, "/qr-code.png")).status_code == 200


def test_withdrawn_by_hand_says_so(at_home, patient, dose):
    [card] = issue(patient)
    revoke_credential(by=make.system(), credential=card, version=1, reason="Zsecret")

    page = at_home.get(page_of(card)).content.decode()

    assert str(RevocationCause.WITHDRAWN.label) in page
    assert "Zsecret" not in page


@pytest.mark.parametrize("keys", ['{"keys": []}', "no JSON"])
def test_missing_key_is_said_kindly_and_the_rest_works(
    at_home, patient, dose, settings, tmp_path, keys
):
    [card] = issue(patient)
    make.make_dose(patient=patient, administered_on=make.days_ago(3))
    settings.ISSUER = with_file(tmp_path / "keys.json", keys)

    answer = at_home.post(path(patient), {"format": "shc"}, follow=True)
    page = answer.content.decode()

    assert "No codes can be made at the moment." in page
    assert "manage.py" not in page
    assert page_of(card) in page
    assert at_home.get(page_of(card)).status_code == 200


@pytest.mark.parametrize("format", ["", "pdf"])
def test_odd_format_is_refused(at_home, patient, dose, format):
    page = at_home.post(path(patient), {"format": format}, follow=True).content.decode()

    assert "Choose shc or dcc." in page
    assert not Credential.objects.exists()


def test_code_of_another_patient_is_absent(at_home, user, patient, dose):
    other = make.make_patient()
    make.make_dose(patient=other)
    [hidden] = issue(other)

    assert at_home.get(page_of(hidden)).status_code == 404
    assert at_home.get(path(patient, f"/{hidden.public_id}")).status_code == 404
    make.make_grant(user, other, template="guardian")
    assert at_home.get(page_of(hidden)).status_code == 200
    assert at_home.get(path(patient, f"/{hidden.public_id}")).status_code == 404


def test_list_of_many_codes_takes_as_many_queries(
    at_home, patient, dose, django_assert_num_queries
):
    issue(patient)
    make.make_dose(patient=patient, administered_on=make.days_ago(20))
    issue(patient)
    at_home.get(path(patient))

    def queries():
        with django_assert_num_queries(QUERIES):
            assert at_home.get(path(patient)).status_code == 200

    queries()
    for day in range(3, 9):
        make.make_dose(patient=patient, lot=make_eu_lot(), administered_on=make.days_ago(day))
        issue(patient)
        issue(patient, "dcc")
    queries()


def test_record_that_no_clinic_has_confirmed_gets_no_code_and_is_told_how(at_home, user):
    unproved = make.make_patient(last_name="Mbeki", identity_confirmed=False)
    make.make_dose(patient=unproved)
    make.make_grant(user, unproved)

    page = at_home.get(path(unproved)).content.decode()
    at_home.post(path(unproved), {"format": "shc"})

    assert "Bring an identity document" in page
    assert "Make the code" not in page
    assert "/clinic/" not in page
    assert not Credential.objects.exists()


def test_code_whose_key_is_lost_is_told_of_and_the_rest_works(at_home, patient, dose, settings):
    [card] = issue(patient)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    answer = at_home.get(page_of(card), follow=True)
    picture = at_home.get(page_of(card, "/qr-code.png"))

    assert answer.redirect_chain == [(path(patient), 302)]
    assert "cannot be shown any more" in answer.content.decode()
    assert picture.status_code == 404
    at_home.post(path(patient), {"format": "shc"})
    assert at_home.get(page_of(Credential.objects.latest("pk"))).status_code == 200
