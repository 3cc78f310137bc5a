"""Versions that never overlap, and questions to the past."""

import datetime as dt
import itertools
from unittest.mock import patch

import pytest
from django.db import models
from django.db.models import F
from django.utils import timezone

from records.domain import bulk, deletion, doses, lots, patients, reference
from records.history import (
    as_of,
    changes_of,
    changes_since,
    effective_version,
    record_as_of,
    versions_of,
)
from records.models import OPEN_ENDED, Clinic, Dose, Lot, Manufacturer, Patient, Record
from records.models.base import TICK, RecordVersion, VersionManager
from tests.records import factories as make

pytestmark = pytest.mark.django_db

WHY = "A typing error."


def rename(patient, name):
    return patients.amend_patient(
        by=make.system(),
        patient=patient,
        version=patient.version,
        reason=WHY,
        changes={"last_name": name},
    )


def assert_contiguous(record):
    """The versions of a record are 1, 2, 3 …, each beginning exactly where the last one ends."""
    versions = list(type(record).history.filter(id=record.pk).order_by("version"))
    assert [version.version for version in versions] == list(range(1, len(versions) + 1))
    for earlier, later in itertools.pairwise(versions):
        assert earlier.valid_to == later.history_date
        assert earlier.history_date < later.history_date
    assert versions[-1].valid_to == OPEN_ENDED
    return versions


# ------------------------------------------------------------------------------------ Writing


@pytest.mark.parametrize("model", Record.__subclasses__(), ids=lambda model: model.__name__)
def test_every_record_has_versions_of_this_kind(model):
    version = model.history.model
    assert issubclass(version, RecordVersion)
    assert isinstance(model.history, VersionManager)
    unique = {constraint.fields for constraint in version._meta.constraints}
    assert {("id", "version"), ("id", "valid_to")} <= unique

    kept = {field.name for field in version._meta.fields}
    derived = {
        field.name
        for field in model._meta.fields
        if field.generated or not field.concrete or field.name.endswith("_name_key")
    }
    # What is encrypted is not copied.
    derived |= {field.name for field in model._meta.fields if isinstance(field, models.BinaryField)}
    assert {field.name for field in model._meta.fields} - derived <= kept
    assert not derived & kept


def test_records_of_a_person_are_indexed_by_their_owner():
    owned = [model for model in Record.__subclasses__() if model.history_owner]
    assert len(owned) > 5

    for model in owned:
        [index] = model.history.model._meta.indexes
        assert index.fields == [model.history_owner, "history_date"]


def test_versions_follow_each_other_without_gap():
    patient = make.make_patient(last_name="One")
    rename(rename(patient, "Two"), "Three")

    versions = assert_contiguous(patient)

    assert [version.last_name for version in versions] == ["One", "Two", "Three"]
    assert [version.history_type for version in versions] == ["+", "~", "~"]
    assert [version.history_change_reason for version in versions] == ["", WHY, WHY]
    assert {version.history_user for version in versions} == {make.system()}


def test_version_begins_later_than_the_last_one_when_the_clock_runs_backwards():
    patient = make.make_patient(last_name="One")
    for name in ("Two", "Three"):
        with patch.object(timezone, "now", return_value=timezone.now() - dt.timedelta(hours=1)):
            patient = rename(patient, name)

    first, second, third = assert_contiguous(patient)

    assert second.history_date == first.history_date + TICK
    assert third.history_date == second.history_date + TICK


def test_bulk_versions_begin_later_than_the_last_one_when_the_clock_runs_backwards():
    lot = make.make_dose().lot
    dose = Dose.objects.get(lot=lot)
    with patch.object(timezone, "now", return_value=timezone.now() - dt.timedelta(hours=1)):
        lots.renumber_lot(by=make.system(), lot=lot, version=1, reason=WHY, number="NEW")

    first, second = assert_contiguous(dose)

    assert second.history_date == first.history_date + TICK
    assert (first.lot_number, second.lot_number) == (lot.number, "NEW")


def test_deletion_leaves_a_tombstone_of_the_next_version():
    lot = make.make_lot()
    deletion.delete_record(by=make.system(), record=lot, version=1, reason="Never came.")

    first, tombstone = assert_contiguous(lot)

    assert (first.history_type, tombstone.history_type) == ("+", "-")
    assert tombstone.history_change_reason == "Never came."
    assert tombstone.number == lot.number
    assert not Lot.objects.filter(pk=lot.pk).exists()


def test_bulk_creation_leaves_one_version_each():
    makers = [Manufacturer(name=f"Maker {n}", mvx_code=f"X{n}") for n in range(3)]

    made = bulk.create_all(makers, by=make.system(), event="manufacturer.added", reason="A list.")

    assert len(made) == 3
    for maker in made:
        [version] = assert_contiguous(maker)
        assert version.history_type == "+"
        assert version.history_change_reason == "A list."
        assert version.history_user == make.system()


def test_bulk_change_closes_the_version_before():
    patient, other = make.make_patient(last_name="One"), make.make_patient()
    Patient.objects.filter(pk=patient.pk).update(last_name="Two", version=F("version") + 1)
    patient.refresh_from_db()

    bulk.leave_versions(
        [patient], by=make.system(), event="patient.amended", fields=["last_name"], reason=WHY
    )

    first, second = assert_contiguous(patient)
    assert (first.last_name, second.last_name) == ("One", "Two")
    assert second.history_type == "~"
    assert second.history_change_reason == WHY
    assert len(assert_contiguous(other)) == 1


def test_bulk_creation_of_nothing_writes_nothing(django_assert_num_queries):
    by = make.system()
    with django_assert_num_queries(0):
        assert bulk.create_all([], by=by, event="lot.received") == []
        bulk.leave_versions([], by=by, event="lot.received", fields=[])


def test_bulk_creation_takes_the_same_number_of_statements_for_many(django_assert_num_queries):
    by = make.system()
    makers = [Manufacturer(name=f"Maker {n}", mvx_code=f"X{n}") for n in range(50)]

    with django_assert_num_queries(4):
        bulk.create_all(makers, by=by, event="manufacturer.added")


# ------------------------------------------------------------------------------------ Reading


def test_as_of_returns_the_version_that_was_current():
    before = timezone.now()
    patient = make.make_patient(last_name="One")
    rename(patient, "Two")
    first, second = assert_contiguous(patient)

    assert record_as_of(patient, before) is None
    assert record_as_of(patient, first.history_date) == first
    assert record_as_of(patient, second.history_date - TICK) == first
    assert record_as_of(patient, second.history_date) == second
    assert record_as_of(patient, timezone.now()) == second


def test_as_of_leaves_deleted_rows_out_from_their_deletion_on():
    lot = make.make_lot()
    deletion.delete_record(by=make.system(), record=lot, version=1, reason="Never came.")
    first, tombstone = assert_contiguous(lot)

    assert record_as_of(lot, tombstone.history_date - TICK) == first
    assert record_as_of(lot, tombstone.history_date) is None
    assert record_as_of(lot, timezone.now()) is None


def test_as_of_of_a_table_has_one_version_of_each_row():
    first, second = make.make_patient(last_name="A"), make.make_patient(last_name="B")
    moment = timezone.now()
    rename(first, "C")
    make.make_patient(last_name="D")

    then = as_of(Patient, moment).order_by("id").values_list("id", "last_name")
    now = as_of(Patient, timezone.now()).order_by("id").values_list("last_name", flat=True)

    assert list(then) == [(first.pk, "A"), (second.pk, "B")]
    assert list(now) == ["C", "B", "D"]


def test_versions_are_listed_newest_first_with_who(django_assert_num_queries):
    patient = rename(make.make_patient(), "Two")

    with django_assert_num_queries(1):
        listed = [(row.version, row.history_user.pk) for row in versions_of(patient)]

    assert listed == [(2, make.system().pk), (1, make.system().pk)]


def test_changes_show_labels_display_names_and_choices():
    dose = make.make_dose()
    other = make.make_lot(number="OTHER", vaccine=dose.lot.vaccine)
    amended = doses.amend_dose(
        by=make.system(),
        dose=dose,
        version=1,
        reason=WHY,
        changes={"lot": other, "site": "LA", "administered_on": dt.date(2026, 1, 2)},
    )

    newest, first = changes_of(amended)

    assert first.changes == ()
    assert (newest.version.version, first.version.version) == (2, 1)
    shown = {change.field: (change.label, change.before, change.after) for change in newest.changes}
    assert shown == {
        "manufacturer": ("manufacturer", dose.lot.manufacturer.name, other.manufacturer.name),
        "lot_number": ("lot number", dose.lot_number, "OTHER"),
        "administered_on": ("administered on", str(dose.administered_on), "2026-01-02"),
        "site": ("site", "", "Left arm"),
    }


def test_changes_take_the_same_number_of_queries_for_many_versions(django_assert_num_queries):
    patient = make.make_patient()
    for number in range(5):
        patient = rename(patient, f"Name {number}")

    with django_assert_num_queries(1):
        assert len(changes_of(patient)) == 6


def test_changes_since_a_version_are_those_of_all_later_ones():
    patient = rename(rename(make.make_patient(last_name="One"), "Two"), "Three")

    [since_first] = changes_since(patient, 1)

    assert (since_first.before, since_first.after) == ("One", "Three")
    assert changes_since(patient, 3) == ()
    assert changes_since(patient, 99) == ()


# ----------------------------------------------------------------------------- Effective time


def name_on(clinic, day, known_by=None):
    dose = make.make_dose(clinic=clinic, administered_on=day)
    version = effective_version(Clinic, owner="clinic_id", day="administered_on", known_by=known_by)
    row = Dose.objects.annotate(clinic_version=version).get(pk=dose.pk)
    return Clinic.history.get(history_id=row.clinic_version).name if row.clinic_version else None


def correct(clinic, name):
    return reference.correct(
        by=make.system(),
        record=clinic,
        version=clinic.version,
        reason=WHY,
        changes={"name": name},
    )


def change(clinic, name, day):
    return reference.change(
        by=make.system(),
        record=clinic,
        version=clinic.version,
        reason="Renamed.",
        changes={"name": name},
        effective_from=day,
    )


def test_corrected_name_counts_for_all_days():
    clinic = correct(make.make_clinic(name="Gratz"), "Graz")

    assert name_on(clinic, make.days_ago(900)) == "Graz"
    assert name_on(clinic, make.days_ago(1)) == "Graz"


def test_changed_name_counts_from_its_day_on():
    clinic = change(make.make_clinic(name="Graz"), "Graz West", make.days_ago(100))
    clinic = change(clinic, "Graz North", make.days_ago(50))

    assert name_on(clinic, make.days_ago(101)) == "Graz"
    assert name_on(clinic, make.days_ago(100)) == "Graz West"
    assert name_on(clinic, make.days_ago(51)) == "Graz West"
    assert name_on(clinic, make.days_ago(50)) == "Graz North"


def test_correction_of_a_changed_name_keeps_the_day_of_the_change():
    clinic = change(make.make_clinic(name="Graz"), "Gratz West", make.days_ago(100))
    clinic = correct(clinic, "Graz West")

    assert name_on(clinic, make.days_ago(101)) == "Graz"
    assert name_on(clinic, make.days_ago(100)) == "Graz West"


def test_effective_version_leaves_out_what_was_entered_later():
    clinic = make.make_clinic(name="Graz")
    moment = timezone.now()
    clinic = change(clinic, "Graz West", make.days_ago(100))

    assert name_on(clinic, make.days_ago(10), known_by=moment) == "Graz"
    assert name_on(clinic, make.days_ago(9), known_by=timezone.now()) == "Graz West"
    before = moment - dt.timedelta(days=1)
    assert name_on(clinic, make.days_ago(8), known_by=before) is None
