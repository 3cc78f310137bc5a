"""Rows for the tests of keys and checks, which go in without any validation."""

import uuid

from django.db import transaction

from records.domain import merges
from records.models import (
    Assignment,
    AttemptCounter,
    AuditSeal,
    Enrolment,
    Notice,
    RecallMailing,
)
from tests.records import factories as make
from tests.records import issuer, workspace


def twin(row, **changes):
    """Return an unsaved copy of a row, of its own public_id, with some values changed."""
    values = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.fields
        if field.concrete and not field.generated and not field.primary_key
    }
    if "public_id" in values:
        values["public_id"] = uuid.uuid4()
    copy = type(row)(**values)
    for name, value in changes.items():
        setattr(copy, name, value)
    return copy


def insert(row):
    with transaction.atomic():
        type(row)._base_manager.bulk_create([row])


def enrolment():
    return Enrolment.objects.get(patient=make.make_patient(clinic=make.make_clinic()))


def assignment():
    return Assignment.objects.get(volunteer=make.make_volunteer(make.make_clinic()))


def merge():
    survivor, duplicate = make.make_patient(), make.make_patient(clinic=make.make_clinic())
    make.make_dose(patient=duplicate)
    return merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=duplicate, version=1, reason="Same person."
    )


def imported_dose():
    return make.make_dose(external_source="registry", external_id="17")


def grant():
    return make.make_grant(make.make_user(), make.make_patient())


def seal():
    return AuditSeal.objects.create(
        number=1, after_id=0, to_id=1, entries=1, leaves=b"", key_id="k", digest="d"
    )


def counter():
    return AttemptCounter.objects.create(scope="sign_in", subject="digest", attempts=1)


def claim_code():
    return make.make_claim_code(make.make_patient())


def check_in():
    patient = make.make_patient(clinic=make.make_clinic())
    return workspace.arrive(patient, patient.enrolments.get().clinic)


def proposal():
    return workspace.proposed(make.make_patient(), make.make_patient())


def notice():
    """Return a notice that waits."""
    mailing = RecallMailing.objects.create(lot=make.make_lot(), queued_by=make.make_user())
    return Notice.objects.create(mailing=mailing, patient=make.make_patient())


def signed(kind):
    """Return what makes a row of one of the tables about credentials."""
    return lambda: issuer.signed_and_shared(make.make_dose().patient)[kind]
