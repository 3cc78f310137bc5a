"""Signed codes over the API."""

import pytest
from cryptography.fernet import Fernet

from accounts.roles import PATIENT
from records.codecs import hcert, qr, shc
from records.domain import doses
from records.models import AuditEntry, Credential, IdempotencyKey, OutboxEvent
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.issuer import issue, make_eu_lot, with_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make.make_clinic()


@pytest.fixture
def patient(clinic):
    return make.make_patient(last_name="Zqhere", clinic=clinic)


@pytest.fixture
def dose(patient):
    return make.make_dose(patient=patient, lot=make_eu_lot(number="ZQ42"))


@pytest.fixture
def volunteer(clinic):
    return Caller(make.make_volunteer_user(clinic))


@pytest.fixture
def holder(patient):
    user = make.make_user(PATIENT.name)
    make.make_grant(user, patient)
    return Caller(user)


def codes(patient):
    return f"patients/{patient.public_id}/credentials"


def looks(answer):
    entries = AuditEntry.objects.filter(request_id=answer["X-Request-ID"])
    return [(entry.patient_id, entry.action, entry.fields) for entry in entries]


@pytest.mark.parametrize("who", ["volunteer", "holder"])
def test_codes_are_made_once_and_listed(request, patient, dose, who):
    caller = request.getfixturevalue(who)

    made = caller.post(codes(patient), {"format": "shc"})
    again = caller.post(codes(patient), {"format": "shc"})
    listed = caller.get(codes(patient))

    [card] = Credential.objects.all()
    assert made.status_code == again.status_code == 201, made.content
    assert made.json() == again.json()
    assert made.json()["results"] == listed.json()["results"]
    [shown] = listed.json()["results"]
    assert shown == {
        "id": str(card.public_id),
        "version": 1,
        "patient": str(patient.public_id),
        "format": "shc",
        "kid": card.kid,
        "identifier": card.identifier,
        "issued_at": card.issued_at.isoformat().replace("+00:00", "Z"),
        "expires_at": None,
        "revoked_at": None,
        "revocation_cause": "",
        "doses": [str(dose.public_id)],
    }
    assert card.issued_by == caller.user
    assert looks(listed) == [(patient.pk, "patient.read", ["list"])]
    assert (patient.pk, "patient.read", ["record"]) in looks(again)


def test_repeated_request_gets_the_same_answer_after_a_revocation(volunteer, patient, dose):
    made = volunteer.post(codes(patient), {"format": "dcc"}, key="k")
    [row] = made.json()["results"]
    volunteer.post(f"credentials/{row['id']}/revoke", {"reason": "Lost"}, if_match='"1"')
    repeated = volunteer.post(codes(patient), {"format": "dcc"}, key="k")
    other = volunteer.post(codes(patient), {"format": "shc"}, key="k")

    assert repeated.json() == made.json()
    assert other.json()["type"].endswith(":key-reused")
    assert Credential.objects.count() == 1
    text = Caller(make.make_user("DBA")).get(f"credentials/{row['id']}").json()["text"]
    assert text not in str(list(IdempotencyKey.objects.values()))


def test_one_code_is_told_with_its_text_and_noted(volunteer, patient, dose):
    [card], [certificate] = issue(patient), issue(patient, "dcc")

    for credential, read in ((card, shc.read), (certificate, hcert.read)):
        answer = volunteer.get(f"credentials/{credential.public_id}")
        told = answer.json()
        assert read(told["text"]).statement.identifier == credential.identifier
        assert read(told["scannable"]).statement.identifier == credential.identifier
        assert told["scannable"].startswith(("shc:/", "HC1:"))
        assert looks(answer) == [(patient.pk, "patient.read", ["record"])]
        assert answer["ETag"] == '"1"'
        some = volunteer.get(f"credentials/{credential.public_id}?fields=id,text").json()
        assert some == {"id": str(credential.public_id), "text": told["text"]}


@pytest.mark.parametrize("address", ["credentials", "{patient}"])
def test_lists_hold_no_text(volunteer, patient, dose, address):
    issue(patient)

    [row] = volunteer.get(address.format(patient=codes(patient))).json()["results"]

    assert "text" not in row
    assert refused_fields(volunteer.get("credentials?fields=text")) == {"fields": "invalid"}


def test_lists_are_filtered(volunteer, patient, dose):
    other = make.make_dose(patient=make.make_patient(clinic=make.make_clinic())).patient
    [card], [certificate] = issue(patient), issue(patient, "dcc")
    issue(other)
    doses.amend_dose(
        by=make.system(), dose=dose, version=1, reason="x", changes={"lot": make_eu_lot()}
    )
    [new] = issue(patient)

    def found(query):
        return {row["id"] for row in volunteer.get(query).json()["results"]}

    def ids(*rows):
        return {str(row.public_id) for row in rows}

    for base in (f"{codes(patient)}?", f"credentials?patient={patient.public_id}&"):
        assert found(f"{base}format=dcc") == ids(certificate)
        assert found(f"{base}revoked=true") == ids(card, certificate)
        assert found(f"{base}revoked=false&format=shc") == ids(new)
    assert found(f"credentials?patient={other.public_id}") == set()
    assert refused_fields(volunteer.get("credentials?format=pdf")) == {"format": "invalid_choice"}


@pytest.mark.parametrize(("accept", "kind"), [("*/*", "image/svg+xml"), ("image/png",) * 2])
def test_picture_holds_the_code(volunteer, patient, dose, accept, kind):
    [card] = issue(patient)

    answer = volunteer.get(f"credentials/{card.public_id}/qr", accept=accept)
    told = volunteer.get(f"credentials/{card.public_id}").json()

    assert (answer.status_code, answer["Content-Type"]) == (200, kind)
    assert looks(answer) == [(patient.pk, "patient.read", ["record"])]
    assert "no-store" in answer["Cache-Control"]
    if kind == "image/png":
        assert qr.read(answer.content) == [told["scannable"]]
    else:
        assert answer.content.decode() == qr.svg(told["scannable"])


def test_picture_of_no_known_kind_is_a_problem(volunteer, patient, dose):
    [card] = issue(patient)

    answer = volunteer.get(f"credentials/{card.public_id}/qr", accept="image/webp")

    assert (answer.status_code, answer["Content-Type"]) == (406, "application/problem+json")


def test_revoked_code_is_told_as_it_was_issued_and_has_no_picture(volunteer, patient, dose):
    [card] = issue(patient)
    address = f"credentials/{card.public_id}"
    before = volunteer.get(address).json()

    answer = volunteer.post(f"{address}/revoke", {"reason": "Phone lost"}, if_match='"1"')
    after = volunteer.get(address).json()

    assert answer.status_code == 200, answer.content
    assert answer["ETag"] == '"2"'
    assert answer.json()["revoked_at"]
    assert answer.json()["revocation_cause"] == "withdrawn"
    assert after["text"] == before["text"]
    assert volunteer.get(f"{address}/qr").status_code == 404
    assert OutboxEvent.objects.latest("id").type == "credential.revoked"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, {"reason": "x"}, 428),
        ({"if_match": '"7"'}, {"reason": "x"}, 412),
        ({"if_match": '"1"'}, {}, 422),
        ({"if_match": '"1"'}, {"reason": "x", "cause": "y"}, 422),
    ],
)
def test_revoking_names_the_version_and_a_reason(volunteer, patient, dose, headers, body, status):
    [card] = issue(patient)

    answer = volunteer.post(f"credentials/{card.public_id}/revoke", body, **headers)

    assert answer.status_code == status
    assert Credential.objects.get().revoked_at is None


def test_holder_of_a_record_revokes_nothing(holder, patient, dose):
    [card] = issue(patient)

    answer = holder.post(f"credentials/{card.public_id}/revoke", {"reason": "x"}, if_match='"1"')

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "format", "required"),
        ({"format": "pdf"}, "format", "invalid_choice"),
        ({"format": "shc", "doses": []}, "doses", "unknown"),
    ],
)
def test_odd_order_is_refused_by_name(volunteer, patient, dose, body, field, code):
    answer = volunteer.post(codes(patient), body)

    assert (answer.status_code, refused_fields(answer)) == (422, {field: code})


def test_missing_key_is_a_problem_and_reading_goes_on(volunteer, patient, dose, settings, tmp_path):
    [card] = issue(patient)
    settings.ISSUER = with_file(tmp_path / "keys.json", '{"keys": []}')

    answer = volunteer.post(codes(patient), {"format": "shc"})

    assert (answer.status_code, refused_fields(answer)) == (422, {"format": "no_signing_key"})
    assert volunteer.get(f"credentials/{card.public_id}").status_code == 200


def test_patient_without_a_dose_for_it_has_no_certificate(volunteer, patient):
    make.make_dose(patient=patient)

    answer = volunteer.post(codes(patient), {"format": "dcc"})

    assert (answer.status_code, refused_fields(answer)) == (422, {"format": "nothing_to_state"})


def test_relative_sees_no_codes(patient, dose):
    [card] = issue(patient)
    relative = Caller(make.make_user(PATIENT.name))
    make.make_grant(relative.user, patient, template="relative")
    absent = relative.get("patients/00000000-0000-4000-8000-000000000404/credentials")

    for path in (
        codes(patient),
        f"credentials/{card.public_id}",
        f"credentials/{card.public_id}/qr",
    ):
        answer = relative.get(path)
        assert (answer.status_code, answer.content) == (404, absent.content)
    assert relative.post(codes(patient), {"format": "dcc"}).status_code == 404
    assert relative.get("credentials").json()["results"] == []


@pytest.mark.parametrize(("address", "queries"), [("{patient}", 9), ("credentials", 7)])
def test_list_of_many_takes_as_many_queries(
    volunteer, patient, dose, django_assert_num_queries, address, queries
):
    for day in range(3, 8):
        make.make_dose(patient=patient, lot=make_eu_lot(), administered_on=make.days_ago(day))
        issue(patient)
    issue(patient, "dcc")

    with django_assert_num_queries(queries):
        listed = volunteer.get(address.format(patient=codes(patient)))
    assert len(listed.json()["results"]) == 11


def test_record_that_no_clinic_has_confirmed_is_not_signed(volunteer, clinic):
    unproved = make.make_patient(clinic=clinic, identity_confirmed=False)
    make.make_dose(patient=unproved)

    refused = volunteer.post(codes(unproved), {"format": "shc"})

    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("patient", "unproved")
    assert not Credential.objects.exists()


def test_code_whose_key_is_lost_is_said_to_be_locked(volunteer, patient, dose, settings):
    [card] = issue(patient)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    answer = volunteer.get(f"credentials/{card.public_id}")

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:vaxpass:problem:locked"
    assert volunteer.get(codes(patient)).json()["results"][0]["id"] == str(card.public_id)
