"""Nothing is signed of a record before a clinic has confirmed whose it is."""

import pytest
from django.core.exceptions import ValidationError

from records.codecs.credentials import Format
from records.domain import merges, patients
from records.models import Credential
from tests.records import factories as make
from tests.records import issuer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("format", Format)
def test_record_that_no_clinic_has_confirmed_is_not_signed(format):
    patient = make.make_patient(identity_confirmed=False)
    issuer.eu_dose(patient)

    with pytest.raises(ValidationError) as refused:
        issuer.issue(patient, format)

    assert list(refused.value.message_dict) == ["patient"]
    assert not Credential.objects.exists()

    patients.confirm_identity(by=make.system(), patient=patient, version=1)
    assert issuer.issue_one(patient, format)


def test_merged_record_is_not_signed():
    survivor, duplicate = make.make_patient(), make.make_dose().patient
    merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=duplicate, version=1, reason="One person."
    )

    with pytest.raises(ValidationError, match="merged"):
        issuer.issue(duplicate)
