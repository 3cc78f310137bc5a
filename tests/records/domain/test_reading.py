"""One entry for each patient and request, before anything is shown."""

import uuid

import pytest
from django.db import IntegrityError

from records.domain import context, merges, reading
from records.domain.passports import last_doses, read_passport
from records.domain.reading import named_by, note_read
from records.models import AuditEntry, Dose, PatientMerge
from tests.records import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def patients():
    return [make.make_patient(), make.make_patient(), make.make_patient()]


@pytest.fixture
def by():
    return make.system()


@pytest.fixture
def request_():
    """A request, as the middleware begins and ends one."""
    tokens = [
        (context.request_id, context.request_id.set(uuid.uuid4().hex)),
        (context.channel, context.channel.set("web")),
        (context.read_patients, context.read_patients.set(set())),
    ]
    yield context.request_id.get()
    for variable, token in tokens:
        variable.reset(token)


def reads():
    entries = AuditEntry.objects.filter(action="patient.read").order_by("pk")
    return list(entries.values_list("patient_id", "fields"))


def test_read_says_who_saw_whom_and_what(patients, by, request_):
    note_read(by=by, patients=patients[:1], what="list")
    entry = AuditEntry.objects.get(action="patient.read")
    assert (entry.actor, entry.patient, entry.fields) == (by, patients[0], ["list"])
    assert (entry.subject_type, entry.subject_id) == ("patient", patients[0].public_id)
    assert (entry.channel, entry.request_id) == ("web", request_)


def test_request_notes_a_patient_once_by_the_first_look(patients, by, request_):
    note_read(by=by, patients=patients[:2], what="list")
    note_read(by=by, patients=[patients[1].pk, patients[2].pk], what="record")
    assert reads() == [
        (patients[0].pk, ["list"]),
        (patients[1].pk, ["list"]),
        (patients[2].pk, ["record"]),
    ]


def test_patient_named_twice_in_one_look_is_noted_once(patients, by):
    note_read(by=by, patients=[patients[0], patients[0].pk, patients[0]], what="list")
    assert len(reads()) == 1


def test_command_notes_every_look(patients, by):
    for _ in range(2):
        note_read(by=by, patients=patients[:1], what="list")
    assert len(reads()) == 2


def test_many_patients_take_as_few_statements_as_one(patients, by, django_assert_num_queries):
    with django_assert_num_queries(1):
        note_read(by=by, patients=patients, what="list")
    with django_assert_num_queries(2):
        note_read(by=by, patients=[patient.pk for patient in patients], what="list")
    with django_assert_num_queries(0):
        note_read(by=by, patients=[], what="list")


def test_key_without_a_record_is_passed_over(patients, by):
    note_read(by=by, patients=[patients[0].pk, 10**9], what="list")
    assert reads() == [(patients[0].pk, ["list"])]


def test_look_that_failed_is_not_taken_for_noted(patients, by, request_, monkeypatch):
    def fail(*args, **options):
        raise IntegrityError

    with monkeypatch.context() as broken:
        broken.setattr(reading.entries, "run", fail)
        with pytest.raises(IntegrityError):
            note_read(by=by, patients=patients[:1], what="list")
    note_read(by=by, patients=patients[:1], what="record")
    assert reads() == [(patients[0].pk, ["record"])]


def test_passport_is_noted(patients, by):
    read_passport(by=by, patient=patients[0])
    assert reads() == [(patients[0].pk, ["passport"])]


def test_list_of_last_doses_is_noted_for_patients_without_a_dose_too(patients, by):
    dose = make.make_dose(patient=patients[0])
    assert last_doses(by=by, patients=iter(patients)) == {patients[0].pk: dose}
    assert [patient for patient, _ in reads()] == [patient.pk for patient in patients]


def test_rows_name_everybody_they_refer_to(patients, by):
    one, other, third = patients
    dose = make.make_dose(patient=third)
    merge = merges.merge_patients(by=by, survivor=one, duplicate=other, version=1, reason="Same")
    one.refresh_from_db()
    other.refresh_from_db()

    def keys(*rows):
        return {getattr(item, "pk", item) for item in named_by(rows)}

    assert keys(third) == {third.pk}
    assert keys(other) == {one.pk, other.pk}
    assert keys(PatientMerge.objects.get(pk=merge.pk)) == {one.pk, other.pk}
    assert keys(Dose.objects.get(pk=dose.pk)) == {third.pk}
    assert keys(Dose.history.get(id=dose.pk)) == {third.pk}
    assert keys(make.make_clinic(), dose.lot) == set()
