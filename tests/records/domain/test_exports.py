"""The trace that an export leaves."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied

from accounts.roles import ANALYTICS, DBA
from records.domain.exports import log_export
from records.models import AuditEntry, Dose, Lot
from tests.records import factories as make

pytestmark = pytest.mark.django_db


def test_export_about_patients_leaves_one_entry_each():
    by, patients = make.make_user(DBA.name), [make.make_patient(), make.make_patient()]

    log_export(
        by=by, model=Dose, run=uuid.uuid4(), fields=["site"], patients=[p.pk for p in patients]
    )

    entries = AuditEntry.objects.filter(action="dose.exported", actor=by, fields=["site"])
    assert {(e.patient, e.subject_id) for e in entries} == {(p, p.public_id) for p in patients}


def test_export_about_nobody_leaves_one_entry_of_the_run():
    by, run = make.make_user(ANALYTICS.name), uuid.uuid4()

    log_export(by=by, model=Lot, run=run, fields=["number"])

    entry = AuditEntry.objects.get(action="lot.exported")
    assert (entry.subject_type, entry.subject_id, entry.patient) == ("export", run, None)


def test_export_is_refused_to_who_may_not_see_such_rows():
    by, patient = make.make_user(ANALYTICS.name), make.make_patient()

    with pytest.raises(PermissionDenied):
        log_export(by=by, model=Dose, run=uuid.uuid4(), fields=[], patients=[patient.pk])

    assert not AuditEntry.objects.filter(action="dose.exported").exists()
