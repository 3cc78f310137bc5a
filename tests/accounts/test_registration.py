"""Registration and claim: the pages by which a record reaches an account."""

import datetime as dt
import re
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.roles import PATIENT, VOLUNTEER
from records import access
from records.domain import claims
from records.models import AuditEntry, ClaimCode, GrantTemplate, Patient, PatientGrant
from tests.records import factories as make
from tests.records.domain import given
from tests.records.domain.claiming import REASONS, WRONG, spoil
from tests.records.domain.test_concurrency import race

pytestmark = pytest.mark.django_db

SIGN_UP = "/accounts/signup/"
WAYS = "/accounts/register/"
OWN = "/accounts/register/own"
CLAIM = "/accounts/claim/"
PASSWORD = "a-long-enough-phrase"
NEW = {"name": "Ada Novak", "email": "ada@example.org", "password1": PASSWORD}
NEW["password2"] = PASSWORD
RECORD = {
    "first_name": "Ada",
    "last_name": "Novak",
    "date_of_birth": "1980-01-02",
    "gender": "female",
}


@pytest.fixture(autouse=True)
def _roles():
    make.ensure_roles()


@pytest.fixture
def person():
    return make.make_user(PATIENT.name)


@pytest.fixture
def at_home(client, person):
    client.force_login(person)
    return client


def plain(response):
    """Return status, headers and page without what differs from request to request."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    varying = {"X-Request-ID", "Set-Cookie"}
    headers = {k: sorted(v.split("; ")) for k, v in response.items() if k not in varying}
    return response.status_code, headers, page


# ---------------------------------------------------------------------------------- Sign-up


def test_home_and_sign_in_lead_to_registration(client):
    for page in ("/", "/accounts/login/"):
        assert SIGN_UP in client.get(page).content.decode()
    assert client.get(SIGN_UP).status_code == 200


def test_who_registers_is_a_patient_and_nothing_else(client):
    client.post(SIGN_UP, {**NEW, "is_staff": "on", "kind": "service", "groups": "1"})

    user = User.objects.get(email="ada@example.org")
    assert [group.name for group in user.groups.all()] == [PATIENT.name]
    assert (user.name, user.kind, user.is_staff, user.is_superuser) == (
        "Ada Novak",
        "person",
        False,
        False,
    )
    assert user.check_password(PASSWORD)


def test_registration_waits_for_the_mail_and_leads_to_the_ways(client):
    client.post(SIGN_UP, NEW)
    assert client.get(WAYS).status_code == 302

    [message] = mail.outbox
    link = re.search(r"http://testserver(\S+)", message.body)[1]
    client.post(link)

    assert EmailAddress.objects.get().verified
    sign_in = {"login": NEW["email"], "password": PASSWORD}
    assert client.post("/accounts/login/", sign_in)["Location"] == WAYS


@pytest.mark.django_db(transaction=True)
def test_registration_sent_twice_at_once_makes_one_account():
    def register():
        return Client().post(SIGN_UP, NEW)

    answers = race(register, register)

    assert [answer.status_code for answer in answers] == [302, 302]
    assert len({answer["Location"] for answer in answers}) == 1
    assert User.objects.filter(email_normalized="ada@example.org").count() == 1
    assert EmailAddress.objects.filter(email="ada@example.org").count() == 1


def test_mail_to_a_stranger_says_nothing_that_somebody_else_typed(client):
    client.post(SIGN_UP, {**NEW, "name": "Win at https://evil.example"})

    [message] = mail.outbox
    assert "evil" not in message.subject + message.body


@pytest.mark.parametrize("domain", ["\u00e9" * 60 + ".org", "ex\u2100.org"])
def test_address_that_no_mail_reaches_makes_no_account(client, domain):
    answer = client.post(SIGN_UP, {**NEW, "email": f"ada@{domain}"})

    assert "email" in answer.context["form"].errors
    assert not User.objects.filter(name=NEW["name"]).exists()


@pytest.mark.parametrize("spelling", ["ada@example.org", "ADA@Example.org"])
def test_registration_of_a_taken_address_answers_as_any_other(client, spelling):
    make.make_user(PATIENT.name, email="ada@example.org")
    free = plain(client.post(SIGN_UP, {**NEW, "email": "eve@example.org"}, follow=True))
    client.logout()

    taken = plain(client.post(SIGN_UP, {**NEW, "email": spelling}, follow=True))

    assert taken[:2] == free[:2]
    assert taken[2].replace("ada@", "eve@") == free[2]
    assert User.objects.filter(email_normalized="ada@example.org").count() == 1


# ------------------------------------------------------------------------------ Own record


def test_sign_in_without_a_record_leads_to_the_ways(client, person):
    person.set_password(PASSWORD)
    person.save()
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    sign_in = {"login": person.email, "password": PASSWORD}

    assert client.post("/accounts/login/", sign_in)["Location"] == WAYS
    client.logout()
    make.make_grant(person, make.make_patient())
    assert client.post("/accounts/login/", sign_in)["Location"] == "/"


def test_passport_page_without_a_record_offers_both_ways(at_home):
    page = at_home.get("/passport/").content.decode()

    assert OWN in page
    assert CLAIM in page


@pytest.mark.parametrize("path", [WAYS, OWN, CLAIM])
def test_pages_ask_for_sign_in_and_for_the_role(client, path):
    assert client.get(path)["Location"].startswith("/accounts/login/?next=")
    client.force_login(make.make_user(VOLUNTEER.name))
    assert client.get(path).status_code == 403
    assert client.post(path).status_code in (403, 405)


def test_own_record_is_made_and_pending(at_home, person):
    clinic = make.make_clinic(name="Harbour Clinic")

    answer = at_home.post(OWN, {**RECORD, "clinic": clinic.public_id}, follow=True)

    patient = Patient.objects.get()
    assert answer.redirect_chain[-1][0] == f"/passport/{patient.public_id}/"
    assert "Bring an identity document" in answer.content.decode()
    assert patient.pk in access.enrolled_at([clinic]).values_list("patient_id", flat=True)


def test_confirmed_record_is_not_pending(at_home, person):
    patient = make.make_patient(identity_confirmed=True)
    make.make_grant(person, patient)

    page = at_home.get(f"/passport/{patient.public_id}/").content.decode()

    assert "Bring an identity document" not in page


def test_own_record_answers_the_same_whether_a_similar_one_exists(client):
    answers = []
    for exists in (False, True):
        if exists:
            similar = make.make_patient(
                first_name="Ada", last_name="Novak", date_of_birth=dt.date(1980, 1, 2), city="Graz"
            )
            make.make_dose(patient=similar)
        client.force_login(make.make_user(PATIENT.name, name="Ada"))
        answer = client.post(OWN, RECORD)
        own = answer["Location"]
        answers.append((answer.status_code, re.sub(r"[0-9a-f-]{36}", "", own)))
        page = plain(client.get(own))[2]
        answers[-1] += (re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", page),)

    assert answers[0] == answers[1]


def test_second_own_record_is_refused_with_a_reason(at_home):
    at_home.post(OWN, RECORD)

    answer = at_home.post(OWN, {**RECORD, "first_name": "Eve"})

    assert "connected to this account already" in answer.content.decode()
    assert at_home.get(OWN)["Location"] == WAYS
    assert OWN not in at_home.get(WAYS).content.decode()
    assert Patient.objects.count() == 1


def test_form_shows_what_is_wrong(at_home):
    tomorrow = make.days_ago(-2).isoformat()
    page = at_home.post(OWN, {**RECORD, "date_of_birth": tomorrow}).content.decode()

    assert "in the future" in page
    assert not Patient.objects.exists()


def test_retired_clinic_is_not_offered(at_home):
    clinic = given.retired_clinic()

    assert clinic.name not in at_home.get(OWN).content.decode()
    assert at_home.post(OWN, {**RECORD, "clinic": clinic.public_id}).status_code == 200
    assert not Patient.objects.exists()


def test_own_record_is_rate_limited(at_home):
    answers = [at_home.post(OWN, {}).status_code for _ in range(21)]

    assert answers == [200] * 20 + [429]


# ------------------------------------------------------------------------------------ Claim


def test_claim_leads_to_the_passport(at_home, person):
    typed = given.printed_code()
    patient = Patient.objects.get()

    answer = at_home.post(CLAIM, typed)

    assert answer["Location"] == f"/passport/{patient.public_id}/"
    assert at_home.get(answer["Location"]).status_code == 200


def test_claim_takes_the_code_as_people_type_it(at_home, person):
    typed = given.printed_code()
    code = typed["code"].lower()

    at_home.post(CLAIM, {**typed, "code": f" {code[:4]} {code[4:8]}-{code[8:]}"})

    assert PatientGrant.objects.filter(user=person).exists()


def test_parent_claims_for_a_child(at_home, person):
    child = given.confirmed_patient(date_of_birth=make.days_ago(900), first_name="Kim")
    by = make.make_volunteer_user(child["clinic"])
    _, code = claims.issue_claim_code(by=by, template="guardian", **child)

    at_home.post(CLAIM, {"code": code, "date_of_birth": child["patient"].date_of_birth})

    assert PatientGrant.objects.get(user=person).template == GrantTemplate.GUARDIAN
    assert at_home.get(f"/passport/{child['patient'].public_id}/").status_code == 200


@pytest.mark.parametrize("reason", REASONS)
def test_refused_claim_answers_like_one_of_a_code_that_never_was(client, reason):
    person = make.make_user(PATIENT.name, name="Ada")
    stranger = make.make_user(PATIENT.name, name="Ada")
    here = given.confirmed_patient()
    volunteer = make.make_volunteer_user(here["clinic"])

    def issue(**more):
        return claims.issue_claim_code(by=volunteer, **here, **more)

    code, born = spoil(reason, issue, person, volunteer, here["clinic"], here["patient"])
    typed = {"code": code, "date_of_birth": (born or WRONG).isoformat()}
    client.force_login(person)
    answer = plain(client.post(CLAIM, typed))
    client.force_login(stranger)

    never = plain(client.post(CLAIM, {**typed, "code": "0123456789AB"}))

    assert answer[0] == 200
    assert answer[:2] == never[:2]
    assert answer[2].replace(code, "0123456789AB") == never[2]


def test_claim_says_nothing_of_the_record_it_nearly_opened(at_home):
    typed = given.printed_code()
    patient = Patient.objects.get()

    page = at_home.post(CLAIM, {**typed, "date_of_birth": "1980-05-18"}).content.decode()

    assert patient.last_name not in page
    assert ClaimCode.objects.get().tries == 1


def test_guessing_ends_in_429_and_stays_there(at_home):
    typed = given.printed_code()
    for _ in range(claims.BY_USER.attempts):
        assert at_home.post(CLAIM, {**typed, "code": uuid4().hex[:12]}).status_code == 200

    answer = at_home.post(CLAIM, typed)

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "guessing your password" not in answer.content.decode()
    assert not PatientGrant.objects.exists()
    assert AuditEntry.objects.filter(action="claim.refused").count() == claims.BY_USER.attempts
