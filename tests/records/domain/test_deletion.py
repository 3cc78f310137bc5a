"""What keeps a record from being deleted."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.domain.deletion import delete_record, references_to
from records.models import AuditEntry, Clinic, Patient
from tests.records import factories as make

pytestmark = pytest.mark.django_db


def test_references_name_each_table_once():
    dose = make.make_dose()
    make.make_dose(lot=dose.lot)

    assert references_to(dose.lot) == ["doses"]
    assert references_to(dose.clinic) == ["assignments", "doses"]
    assert references_to(dose.volunteer) == ["assignments", "doses"]
    assert references_to(make.make_clinic()) == []


def test_deletion_of_what_is_referred_to_loads_no_rows():
    clinic = make.make_dose().clinic

    with CaptureQueriesContext(connection) as queries, pytest.raises(ValidationError) as refused:
        delete_record(by=make.system(), record=clinic, version=1, reason="x")

    assert refused.value.messages == ["Cannot be deleted: assignments, doses refer to it."]
    assert Clinic.objects.filter(pk=clinic.pk).exists()
    doses = [query["sql"] for query in queries if "records_dose" in query["sql"]]
    assert all("LIMIT 1" in sql for sql in doses)
    assert doses


def test_deletion_of_a_patient_typed_by_mistake_keeps_history_and_audit():
    patient = make.make_patient()
    for enrolment in patient.enrolments.all():
        delete_record(by=make.system(), record=enrolment, version=1, reason="Typed by mistake")
    delete_record(by=make.system(), record=patient, version=1, reason="Typed by mistake")
    assert not Patient.objects.filter(public_id=patient.public_id).exists()
    assert Patient.history.filter(public_id=patient.public_id, history_type="-").exists()
    acts = AuditEntry.objects.filter(subject_id=patient.public_id).order_by("id")
    assert [act.action for act in acts] == ["patient.registered", "patient.deleted"]
    assert {act.patient_id for act in acts} == {acts[0].patient_id} != {None}
