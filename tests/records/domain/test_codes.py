"""Which of a patient's signed codes count now."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.roles import PATIENT
from records.access import OutOfSight
from records.codecs import hcert, shc
from records.codecs.credentials import Format
from records.domain import doses
from records.domain.codes import codes_of, patient_with_codes, read_code, still_counts
from records.domain.issuer_keys import as_json
from records.domain.key_rotation import new_key
from records.models import Credential
from tests.records import factories as make
from tests.records.issuer import issue, keys, make_eu_lot, with_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient():
    return make.make_patient(clinic=make.make_clinic())


@pytest.fixture
def keeper():
    return make.make_user("DBA")


def given(patient, days):
    return make.make_dose(patient=patient, lot=make_eu_lot(), administered_on=make.days_ago(days))


def test_newer_code_that_says_all_of_it_takes_the_place_of_an_older_one(keeper, patient):
    first = given(patient, 30)
    [old], [certificate] = issue(patient), issue(patient, "dcc")
    second = given(patient, 3)
    before = codes_of(by=keeper, patient=patient)
    [new] = issue(patient)
    after = codes_of(by=keeper, patient=patient)

    assert before.current == [certificate, old]
    assert before.unstated == {"shc": [second], "dcc": [second]}
    assert (after.current, after.earlier) == ([new, certificate], [old])
    assert after.unstated == {"shc": [], "dcc": [second]}
    assert still_counts(after.earlier[0])
    assert {stated.dose for stated in new.stated.all()} == {first, second}


def test_revoked_and_expired_codes_are_earlier_ones(keeper, patient):
    dose = given(patient, 30)
    [card], [certificate] = issue(patient), issue(patient, "dcc")
    Credential.objects.filter(pk=certificate.pk).update(
        expires_at=timezone.now() - dt.timedelta(seconds=1)
    )
    expired = codes_of(by=keeper, patient=patient)
    doses.void_dose(by=make.system(), dose=dose, version=1, reason="x")
    voided = codes_of(by=keeper, patient=patient)

    assert (expired.current, expired.earlier) == ([card], [certificate])
    assert expired.unstated == {"shc": [], "dcc": [dose]}
    assert (voided.current, voided.earlier) == ([], [certificate, card])
    assert voided.unstated == {"shc": [], "dcc": []}
    assert [still_counts(one) for one in voided.earlier] == [False, False]


def test_dose_that_no_certificate_states_is_named_with_the_reason(keeper, patient):
    dose = make.make_dose(patient=patient)

    codes = codes_of(by=keeper, patient=patient)

    assert codes.unstated == {"shc": [dose], "dcc": []}
    assert codes.uncertified == [(dose, "No EU product is known for this lot.")]


def test_code_is_read_as_it_was_issued_after_a_correction_and_a_new_key(
    keeper, patient, settings, tmp_path
):
    dose = given(patient, 30)
    [card], [certificate] = issue(patient), issue(patient, "dcc")
    before = [read_code(by=keeper, credential=one) for one in (card, certificate)]
    doses.amend_dose(
        by=make.system(),
        dose=dose,
        version=1,
        reason="x",
        changes={"administered_on": make.days_ago(20)},
    )
    settings.ISSUER = with_file(tmp_path / "keys.json", as_json((new_key(Format.SHC),)))

    after = [read_code(by=keeper, credential=one) for one in (card, certificate)]

    assert after == before
    assert before[0].scannable == shc.numeric(before[0].text)
    assert before[1].scannable == before[1].text
    assert {hcert.read(before[1].text).statement} == {before[1].statement}
    [stated] = before[0].statement.doses
    assert stated.day == dose.administered_on.isoformat()
    assert keys() != settings.ISSUER.keys_file.read_text()


@pytest.mark.parametrize(
    ("template", "sees"), [("self", True), ("guardian", True), ("carer", True), ("relative", False)]
)
def test_codes_are_for_who_treats_or_manages(patient, template, sees):
    given(patient, 30)
    [card] = issue(patient)
    holder = make.make_user(PATIENT.name)
    make.make_grant(holder, patient, template=template)

    def found():
        try:
            return patient_with_codes(by=holder, public_id=patient.public_id)
        except OutOfSight:
            return None

    assert found() == (patient if sees else None)
    assert codes_of(by=holder, patient=patient).current == ([card] if sees else [])


def test_codes_of_a_patient_elsewhere_are_out_of_sight(patient):
    given(patient, 30)
    [card] = issue(patient)
    volunteer = make.make_volunteer_user(make.make_clinic())

    with pytest.raises(OutOfSight):
        patient_with_codes(by=volunteer, public_id=patient.public_id)
    with pytest.raises(OutOfSight):
        read_code(by=volunteer, credential=card)
