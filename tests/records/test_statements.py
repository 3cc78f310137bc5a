"""Statements that are compiled once ask and write what the ORM would."""

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError
from django.utils import timezone

from records.models import AuditEntry, Dose, Patient
from records.statements import Insert, Select, Update, by_key, made, names_of, stand_in
from tests.records import factories as make

pytestmark = pytest.mark.django_db

ENTRY = Insert(
    AuditEntry,
    *("at", "actor", "action", "patient", "subject_type", "subject_id", "fields"),
    *("channel", "request_id"),
)


def entry(**changed):
    values = {
        "at": timezone.now(),
        "actor": make.system().pk,
        "action": "patient.read",
        "patient": None,
        "subject_type": "patient",
        "subject_id": uuid.uuid4(),
        "fields": ["list"],
        "channel": "api",
        "request_id": "",
    }
    return tuple({**values, **changed}.values())


def test_rows_are_those_of_the_orm_for_every_column_and_value():
    doses = [make.make_dose(), make.make_dose(vaccine=make.make_vaccine())]
    key = stand_in(int, 0)
    statement = Select(
        Dose.objects.filter(pk=key).values_list(*names_of(Dose), "patient__date_of_birth"),
        {"key": key},
    )

    for dose in doses:
        rows = Dose.objects.filter(pk=dose.pk)
        expected = rows.values_list(*names_of(Dose), "patient__date_of_birth")
        assert list(map(tuple, statement.fetch({"key": dose.pk}))) == list(expected)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("public_id", uuid.UUID("00000000-0000-4000-8000-00000000abcd")),
        ("date_of_birth__gte", dt.date(1990, 2, 28)),
        ("version", 1),
    ],
)
def test_each_kind_of_value_is_put_in_the_place_of_its_stand_in(path, value):
    make.make_patient(date_of_birth=dt.date(1990, 2, 28))
    make.make_patient(date_of_birth=dt.date(1980, 2, 28))
    Patient.objects.filter(date_of_birth__year=1990).update(
        public_id=uuid.UUID("00000000-0000-4000-8000-00000000abcd")
    )
    slot = stand_in(type(value), 0)
    statement = Select(Patient.objects.filter(**{path: slot}).values_list("pk"), {"it": slot})

    found = {key for (key,) in statement.fetch({"it": value})}

    assert found == set(Patient.objects.filter(**{path: value}).values_list("pk", flat=True))
    assert found


def test_moments_are_compared_to_the_microsecond():
    make.system()
    now = timezone.now() + dt.timedelta(hours=1)
    for micros in (-1, 0, 1):
        ENTRY.one(*entry(at=now + dt.timedelta(microseconds=micros)))
    slot = stand_in(dt.datetime, 0)
    statement = Select(AuditEntry.objects.filter(at__gt=slot).values_list("at"), {"now": slot})

    assert [at for (at,) in statement.fetch({"now": now})] == [now + dt.timedelta(microseconds=1)]


@pytest.mark.parametrize("kind", [bool, type(None), str])
def test_value_that_could_change_the_text_has_no_stand_in(kind):
    with pytest.raises(KeyError):
        stand_in(kind, 0)


def test_statement_names_only_the_stand_ins_that_became_parameters():
    slots = {"used": stand_in(int, 0), "unused": stand_in(int, 1)}
    rows = Patient.objects.filter(pk=slots["used"]).values_list("pk")

    assert Select(rows, slots).names == {"used"}


def test_record_is_made_of_its_columns():
    dose = make.make_dose()
    again = by_key(Dose, dose.pk)

    assert (again, again.lot, again.live_dose_number) == (dose, dose.lot, 1)
    assert not again.get_deferred_fields()
    columns = Dose.objects.values_list(*names_of(Dose)).get()
    assert made(Dose, columns).administered_on == dose.administered_on


def test_entry_is_the_one_that_the_orm_would_write():
    patient = make.make_patient()
    AuditEntry.objects.all().delete()
    ENTRY.run([entry(patient=patient.pk, subject_id=patient.public_id)])

    [row] = AuditEntry.objects.all()
    assert (row.patient, row.subject_id, row.fields) == (patient, patient.public_id, ["list"])
    assert row.subject_version is None


def test_key_of_one_row_is_returned():
    assert ENTRY.one(*entry()) == AuditEntry.objects.latest("pk").pk


@pytest.mark.parametrize("many", [0, 2, 3000])
def test_rows_are_inserted_in_as_few_statements_as_the_database_takes(
    many, django_assert_max_num_queries
):
    make.system()
    before = AuditEntry.objects.count()
    rows = [entry() for _ in range(many)]

    with django_assert_max_num_queries(40):
        ENTRY.run(rows)

    assert AuditEntry.objects.count() == before + many


def test_all_rows_are_inserted_or_none():
    make.system()
    before = AuditEntry.objects.count()
    rows = [entry() for _ in range(3000)]
    rows[-1] = entry(action=None)

    with pytest.raises(IntegrityError):
        ENTRY.run(rows)

    assert AuditEntry.objects.count() == before


def test_update_sets_the_columns_of_the_rows_that_are_meant_and_of_no_other():
    one, other = make.make_patient(city="Here"), make.make_patient(city="There")
    slots = {"key": stand_in(int, 0), "born": stand_in(dt.date, 0), "city": "a city"}
    columns = {"city": slots["city"], "date_of_birth": slots["born"]}
    statement = Update(Patient.objects.filter(pk=slots["key"]), columns, slots)

    statement.run({"key": one.pk, "born": dt.date(1990, 2, 28), "city": "New"})

    rows = Patient.objects.order_by("pk").values_list("city", "date_of_birth")
    assert list(rows) == [("New", dt.date(1990, 2, 28)), ("There", other.date_of_birth)]
