"""Issuing: what a credential states, when a new one is made, who may, and the text as issued."""

import datetime as dt
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.roles import DBA, PATIENT, VOLUNTEER
from records import access
from records.codecs import hcert, shc
from records.codecs.credentials import Format, signed_by
from records.domain import (
    boxes,
    codes,
    credential_contents,
    credentials,
    doses,
    issuer_keys,
    lots,
    patients,
    reference,
)
from records.models import AuditEntry, Credential, CredentialDose, OutboxEvent
from tests.records import factories as make
from tests.records import issuer

pytestmark = pytest.mark.django_db


def text_of(credential):
    return boxes.unseal(credential.content).decode()


def stated_by(credential):
    codec = {Format.SHC: shc, Format.DCC: hcert}[credential.format]
    return codec.read(text_of(credential)).statement


def days_stated(credential):
    return [dose.day for dose in stated_by(credential).doses]


def test_card_states_all_completed_doses_in_order_and_nothing_else(settings):
    patient = make.make_patient(first_name="Zoë", last_name="Ångström")
    clinic = make.make_clinic(name="Graz")
    lot = make.make_lot(number="QX17")
    make.make_dose(patient=patient, lot=lot, administered_on=make.days_ago(10), clinic=clinic)
    vaccine = make.make_vaccine(cvx_code="140", diseases=["6142004"])
    make.make_dose(patient=patient, vaccine=vaccine, administered_on=make.days_ago(400))
    voided = make.make_dose(patient=patient, administered_on=make.days_ago(5))
    doses.void_dose(by=make.system(), dose=voided, version=1, reason="Wrong patient.")
    make.make_dose(
        patient=patient,
        administered_on=make.days_ago(3),
        status="not-done",
        status_reason="Refused.",
    )

    card = issuer.issue_one(patient)

    stated = stated_by(card)
    assert stated.issuer == settings.ISSUER.url
    assert (stated.person.family, stated.person.given) == ("Ångström", "Zoë")
    assert stated.person.birth_date == "1980-05-17"
    assert stated.identifier == card.identifier
    assert len(card.identifier) == 11
    elsewhere, here = stated.doses
    assert (elsewhere.day, elsewhere.vaccine) == (make.days_ago(400).isoformat(), "140")
    assert (elsewhere.lot_number, elsewhere.performer) == ("", "")
    assert (here.day, here.vaccine) == (make.days_ago(10).isoformat(), lot.vaccine.cvx_code)
    assert (here.lot_number, here.performer) == ("QX17", "Graz")
    assert card.expires_at is None


def test_card_is_signed_by_the_published_key():
    card = issuer.issue_one(make.make_dose().patient)

    [key] = credentials.jwks()["keys"]
    assert key["kid"] == card.kid
    assert signed_by(shc.read(text_of(card)), shc.public_key_of(key))


def test_certificate_states_one_dose_against_covid_with_its_place_in_the_series(settings):
    patient = make.make_patient()
    product = issuer.product(code="EU/1/20/1528", org_code="ORG-100030215")
    vaccine = make.make_vaccine(doses_in_series=2)
    lot = make.make_lot(vaccine=vaccine, eu_product=product)
    for days in (90, 60, 30):
        issuer.eu_dose(patient, days, lot=lot, confirmed={"series_complete"})

    found = issuer.issue(patient, "dcc")

    stated = [stated_by(each) for each in found]
    assert [(s.doses[0].number, s.doses[0].series) for s in stated] == [(1, 2), (2, 2), (3, 3)]
    assert {s.doses[0].product for s in stated} == {"EU/1/20/1528"}
    assert {s.doses[0].holder for s in stated} == {"ORG-100030215"}
    assert {s.doses[0].country for s in stated} == {settings.ISSUER.country}
    assert [s.identifier for s in stated] == [each.identifier for each in found]
    assert len({each.identifier for each in found}) == 3
    positions = CredentialDose.objects.order_by("pk").values_list("position", flat=True)
    assert list(positions) == [1, 2, 3]


def test_certificate_counts_for_a_year_and_no_longer_than_its_signer(settings, tmp_path):
    patient = issuer.eu_dose(make.make_patient()).patient

    certificate = issuer.issue_one(patient, "dcc")

    assert certificate.expires_at - certificate.issued_at == dt.timedelta(days=365)
    assert stated_by(certificate).expires_at == certificate.expires_at
    signer = issuer_keys.signing(Format.DCC).certificate
    assert certificate.expires_at <= signer.not_valid_after_utc


def test_doses_without_certificate_say_why():
    patient = make.make_patient()
    influenza = make.make_lot(vaccine=make.make_vaccine(diseases=["6142004"]))
    other = make.make_dose(patient=patient, lot=influenza)
    unknown = make.make_dose(patient=patient, administered_on=make.days_ago(20))
    elsewhere = make.make_dose(
        patient=patient, vaccine=make.make_vaccine(), administered_on=make.days_ago(10)
    )
    stated = issuer.eu_dose(patient, 5)

    found = codes.codes_of(by=make.system(), patient=patient).uncertified

    assert {dose.pk: why for dose, why in found} == {
        other.pk: "EU certificates are for vaccinations against COVID-19 only.",
        unknown.pk: "No EU product is known for this lot.",
        elsewhere.pk: "This dose was given elsewhere.",
    }
    assert CredentialDose.objects.get(credential=issuer.issue_one(patient, "dcc")).dose == stated


def test_current_credentials_are_returned_and_not_made_again():
    patient = issuer.eu_dose(make.make_patient()).patient
    issuer.eu_dose(patient, 10)
    first = {format: issuer.issue(patient, format) for format in Format}
    events = OutboxEvent.objects.count()
    by = issuer.holder(patient)
    events = OutboxEvent.objects.count()

    for format in Format:
        again = credentials.issue_credentials(by=by, patient=patient, format=format)
        assert again == first[format]

    assert OutboxEvent.objects.count() == events


def test_added_dose_makes_a_card_that_states_more_and_leaves_the_earlier_one_true():
    patient = make.make_dose().patient
    earlier = issuer.issue_one(patient)
    make.make_dose(patient=patient, administered_on=make.days_ago(1))

    later = issuer.issue_one(patient)

    assert later.pk != earlier.pk
    assert len(days_stated(later)) == 2
    assert issuer.cause(earlier) == ""


def test_renamed_clinic_makes_a_new_card_and_leaves_the_earlier_one_true():
    dose = make.make_dose()
    earlier = issuer.issue_one(dose.patient)
    reference.correct(
        by=make.system(),
        record=dose.clinic,
        version=1,
        reason="Typing error.",
        changes={"name": "Graz"},
    )

    assert stated_by(issuer.issue_one(dose.patient)).doses[0].performer == "Graz"
    assert issuer.cause(earlier) == ""


def test_expired_certificate_is_made_anew():
    patient = issuer.eu_dose(make.make_patient()).patient
    expired = issuer.issue_one(patient, "dcc")
    Credential.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))

    assert issuer.issue_one(patient, "dcc").pk != expired.pk


def test_many_doses_go_on_as_many_cards_as_codes_that_can_be_scanned():
    patient = make.make_patient(first_name="Wolfeschlegelsteinhausen", last_name="Bergerdorff")
    clinic, vaccine = make.make_clinic(name="Praxis Doktor Weiß & Söhne"), make.make_vaccine()
    volunteer = make.make_volunteer(clinic)
    for days in range(40):
        make.make_dose(
            patient=patient,
            lot=make.make_lot(vaccine=vaccine, number=f"Q{days * 7919 % 1000:03}XW{days:02}"),
            clinic=clinic,
            volunteer=volunteer,
            administered_on=make.days_ago(1000 - 23 * days),
        )

    cards = issuer.issue(patient)

    assert len(cards) > 1
    assert all(len(text_of(card)) <= shc.LONGEST_JWS for card in cards)
    stated = [day for card in cards for day in days_stated(card)]
    assert stated == [make.days_ago(1000 - 23 * days).isoformat() for days in range(40)]
    assert [issuer.issue(patient) for _ in range(3)] == [cards] * 3

    make.make_dose(patient=patient, administered_on=make.days_ago(1))
    more = issuer.issue(patient)

    assert more[: len(cards) - 1] == cards[:-1]
    assert sum(len(days_stated(card)) for card in more) == 41


def test_patient_without_doses_or_merged_away_has_no_credentials():
    assert issuer.issue(make.make_patient()) == []
    assert issuer.issue(make.make_patient(), "dcc") == []


def test_dose_of_a_recalled_lot_is_still_stated():
    dose = make.make_dose()
    earlier = issuer.issue_one(dose.patient)
    lots.recall_lot(
        by=make.system(), lot=dose.lot, version=1, recalled_on=make.days_ago(0), reason="Mould."
    )

    assert issuer.issue_one(dose.patient) == earlier
    assert issuer.cause(earlier) == ""


def test_identifier_that_is_taken_is_drawn_again(monkeypatch):
    taken = issuer.issue_one(make.make_dose().patient)
    patient = make.make_dose().patient
    drawn = iter([taken.identifier, taken.identifier, "AAAAAAAAAAA"])
    monkeypatch.setattr(credential_contents.secrets, "token_urlsafe", lambda _size: next(drawn))

    card = issuer.issue_one(patient)

    assert card.identifier == stated_by(card).identifier == "AAAAAAAAAAA"


def test_trace_of_issuing_names_no_person_and_no_dose():
    dose = make.make_dose(patient=make.make_patient(last_name="Leakworthy"))

    card = issuer.issue_one(dose.patient)

    entry = AuditEntry.objects.get(action="credential.issued")
    event = OutboxEvent.objects.get(type="credential.issued")
    assert entry.patient == dose.patient
    assert event.aggregate_id == entry.subject_id == card.public_id
    told = f"{vars(entry)} {vars(event)}"
    assert not any(word in told for word in ("Leakworthy", dose.lot_number, card.identifier))


def test_content_is_nowhere_in_the_clear():
    patient = make.make_patient(last_name="Leakworthy")
    make.make_dose(patient=patient)

    card = issuer.issue_one(patient)

    text = text_of(card).encode()
    assert text not in bytes(Credential.objects.get().content)
    assert "content" not in {field.name for field in Credential.history.model._meta.fields}


class TestWho:
    def test_volunteer_issues_for_patients_of_their_clinic_only(self):
        clinic = make.make_clinic()
        by = make.make_volunteer_user(clinic)
        here = make.make_patient(clinic=clinic)
        make.make_dose(patient=here)
        elsewhere = make.make_dose().patient

        assert len(credentials.issue_credentials(by=by, patient=here, format="shc")) == 1
        with pytest.raises(access.OutOfSight):
            credentials.issue_credentials(by=by, patient=elsewhere, format="shc")

    @pytest.mark.parametrize("template", ["self", "guardian", "carer"])
    def test_who_manages_the_record_issues(self, template):
        patient, user = make.make_dose().patient, make.make_user(PATIENT.name)
        make.make_grant(user, patient, template=template)

        assert len(credentials.issue_credentials(by=user, patient=patient, format="shc")) == 1

    def test_relative_does_not(self):
        patient, user = make.make_dose().patient, make.make_user(PATIENT.name)
        make.make_grant(user, patient, template="relative")

        with pytest.raises(PermissionDenied):
            credentials.issue_credentials(by=user, patient=patient, format="shc")
        assert not Credential.objects.exists()

    def test_volunteer_with_a_grant_on_somebody_from_elsewhere(self):
        by = make.make_volunteer_user(make.make_clinic())
        by.groups.add(*make.make_user(PATIENT.name).groups.all())
        own, of_a_relative = make.make_dose().patient, make.make_dose().patient
        make.make_grant(by, own)
        make.make_grant(by, of_a_relative, template="relative")

        assert len(credentials.issue_credentials(by=by, patient=own, format="shc")) == 1
        with pytest.raises(access.OutOfSight):
            credentials.issue_credentials(by=by, patient=of_a_relative, format="shc")

    @pytest.mark.parametrize("role", [DBA.name, VOLUNTEER.name])
    def test_who_never_may_learns_nothing_of_the_patient(self, role):
        error = PermissionDenied if role == DBA.name else access.OutOfSight

        with pytest.raises(error):
            credentials.issue_credentials(
                by=make.make_user(role), patient=make.make_dose().patient, format="shc"
            )


class TestSettings:
    @pytest.mark.parametrize(
        ("format", "lacking", "said"),
        [("shc", "url", "ISSUER_URL is not set"), ("dcc", "country", "ISSUER_COUNTRY is not set")],
    )
    def test_without_an_issuer_nothing_is_issued(self, settings, format, lacking, said):
        patient = issuer.eu_dose(make.make_patient()).patient
        settings.ISSUER = replace(settings.ISSUER, **{lacking: ""})

        with pytest.raises(ValidationError) as refused:
            issuer.issue(patient, format)

        assert said in refused.value.message_dict["format"][0]

    def test_unknown_format_is_refused(self):
        with pytest.raises(ValidationError) as refused:
            issuer.issue(make.make_patient(), "pdf")

        assert list(refused.value.message_dict) == ["format"]


class TestAsIssued:
    def test_text_is_what_was_issued_whatever_happened_since(self, settings, tmp_path):
        dose = make.make_dose()
        card = issuer.issue_one(dose.patient)
        by, issued = issuer.holder(dose.patient), text_of(card)

        settings.ISSUER = issuer.with_file(tmp_path / "keys.json", '{"keys": []}')
        settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]
        patients.amend_patient(
            by=make.system(),
            patient=dose.patient,
            version=1,
            reason="Married.",
            changes={"last_name": "Kovac"},
        )
        doses.void_dose(by=make.system(), dose=dose, version=1, reason="Wrong patient.")

        assert credentials.as_issued(by=by, credential=card) == issued
        assert issuer.cause(card) == "patient-corrected"

    def test_reading_it_leaves_an_entry(self):
        card = issuer.issue_one(make.make_dose().patient)
        by = issuer.holder(card.patient)

        credentials.as_issued(by=by, credential=card)

        entry = AuditEntry.objects.get(action="patient.read", actor=by)
        assert entry.patient == card.patient

    def test_out_of_sight_it_is_not_there(self):
        card = issuer.issue_one(make.make_dose().patient)
        relative = make.make_user(PATIENT.name)
        make.make_grant(relative, card.patient, template="relative")

        with pytest.raises(access.OutOfSight):
            credentials.as_issued(by=relative, credential=card)
        assert not AuditEntry.objects.filter(action="patient.read").exists()

    def test_without_its_key_it_stays_closed_and_a_new_one_is_made(self, settings):
        card = issuer.issue_one(make.make_dose().patient)
        settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

        with pytest.raises(boxes.BoxLocked):
            credentials.as_issued(by=make.system(), credential=card)
        assert issuer.issue_one(card.patient).pk != card.pk
