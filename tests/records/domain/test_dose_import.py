"""The bulk write of doses: its guards, which no file should ever reach."""

from unittest.mock import patch

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import F

from accounts.roles import DBA, ROLES
from records.domain import dose_import
from records.domain.dose_codes import CodedDose
from records.domain.dose_import import import_doses
from records.domain.imports import ImportBroken
from records.domain.insert_select import insert_select
from records.models import AuditEntry, Dose, OutboxEvent, StagedDose
from tests.records import factories as make
from tests.records.domain.dose_worlds import make_world, row

pytestmark = pytest.mark.django_db


def test_coded_dose_has_every_column_of_the_staging_table():
    columns = {field.attname for field in StagedDose._meta.concrete_fields}

    assert set(CodedDose._fields) == columns - {"id", "run"}


@pytest.mark.parametrize("role", [role.name for role in ROLES if role != DBA])
def test_import_is_refused_to_other_roles(role):
    make_world()

    with pytest.raises(PermissionDenied):
        import_doses(by=make.make_user(role), rows=[row()])

    assert not Dose.objects.exists()


def test_column_without_a_value_is_named_before_anything_is_written():
    with pytest.raises(LookupError, match=r"Dose: nothing is given for .*clinic_id, dose_number"):
        insert_select(Dose, StagedDose.objects.all(), {"version": 1}, expected=0)


def test_write_of_fewer_rows_than_meant_is_an_error():
    make.make_clinic()
    model = OutboxEvent
    values = {
        field.attname: F("public_id") if field.name.endswith("_id") else 1
        for field in model._meta.concrete_fields
    }
    values |= {"occurred_at": make.make_patient().history.get().history_date, "published_at": None}

    with pytest.raises(ImportBroken, match="OutboxEvent: 0 rows were written instead of 7"):
        insert_select(model, Dose.objects.all(), values, expected=7)


def test_dose_of_a_lot_that_is_not_there_is_never_kept():
    make_world()
    audited = AuditEntry.objects.count()

    def orphaned(*args):
        return [dose._replace(lot_number="gone") for dose in code_doses(*args)]

    code_doses = dose_import.code_doses
    # MariaDB refuses the row; SQLite would only at the end, which the count of versions precedes.
    with (
        patch.object(dose_import, "code_doses", orphaned),
        pytest.raises((IntegrityError, ImportBroken)),
    ):
        import_doses(by=make.system(), rows=[row()])

    assert not Dose.objects.exists()
    assert AuditEntry.objects.count() == audited
