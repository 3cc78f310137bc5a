"""A new record, inserted by compiled statements, is what saving it would have left."""

import datetime as dt

import pytest
from django.apps import apps
from django.db.models import Model
from django.db.models.signals import post_save, pre_save
from django.utils import timezone

from records.domain import inserts
from records.models import OPEN_ENDED, Dose, Patient, PatientGrant, Record
from tests.records import factories as make

pytestmark = pytest.mark.django_db

KINDS = [model for model in apps.get_models() if issubclass(model, Record)]


def columns(row: Model, *but: str) -> dict[str, object]:
    fields = row._meta.concrete_fields
    return {field.attname: getattr(row, field.attname) for field in fields if field.name not in but}


def twin(record):
    """Return an unsaved record with the values of another one, under a key of its own."""
    values = {
        field.attname: getattr(record, field.attname)
        for field in record._meta.concrete_fields
        if not (field.primary_key or field.generated or field.name == "public_id")
    }
    return type(record)(**values)


@pytest.mark.parametrize(
    ("made", "differs"),
    [
        (lambda: make.make_patient(last_name="Núñez"), {}),
        (make.make_dose, {"dose_number": 2}),
        (lambda: make.make_dose(vaccine=make.make_vaccine()), {}),
        (make.make_clinic, {"code": "N-2"}),
        (make.make_lot, {"number": "n 2"}),
    ],
)
def test_row_and_first_version_are_those_of_saving(made, differs):
    by, other = make.system(), made()
    saved, inserted = twin(other), twin(other)
    for number, record in enumerate((saved, inserted)):
        for name, value in differs.items():
            setattr(record, name, value + type(value)(number))
    saved._history_user, saved._change_reason = by, "Why."
    before = timezone.now()

    saved.save(force_insert=True)
    inserts.insert(inserted, by=by, reason="Why.")

    one, two = (type(other).objects.get(pk=row.pk) for row in (saved, inserted))
    own = ("id", "public_id", *differs, "live_dose_number")
    assert columns(one, *own) == columns(two, *own)
    assert columns(two) == columns(inserted)
    [first], [second] = (row.history.all() for row in (saved, inserted))
    own = (*own, "history_id", "history_date")
    assert columns(first, *own) == columns(second, *own)
    assert (second.id, second.public_id) == (inserted.pk, inserted.public_id)
    assert (second.history_type, second.valid_to) == ("+", OPEN_ENDED)
    assert before <= second.history_date <= timezone.now()


def test_inserted_dose_has_its_live_number_and_can_be_voided_away():
    dose = make.make_dose()

    assert Dose.objects.get(pk=dose.pk).live_dose_number == dose.live_dose_number == 1


def test_name_is_folded_for_searching():
    patient = make.make_patient(last_name="Núñez-O'Neil")

    assert Patient.objects.get(last_name_key="nunez oneil") == patient


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_but_the_history_listens_to_the_saving_of_a_record(kind):
    for signal in (pre_save, post_save):
        listeners, _ = signal._live_receivers(kind)
        assert {each.__module__ for each in listeners} <= {"simple_history.models"}


def test_record_that_does_more_when_it_is_saved_is_saved():
    grant = PatientGrant()

    assert not inserts.is_plain(grant)
    assert inserts.is_plain(Patient(date_of_birth=dt.date(1990, 1, 1)))
    assert not inserts.is_plain(Patient(pk=7))
