"""Natural keys and checks, held by the database itself: rows go in without any validation."""

import datetime as dt
import uuid

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from records.domain import merges, reference
from records.models import (
    Assignment,
    AttemptCounter,
    AuditSeal,
    ClaimCode,
    CredentialDose,
    DoseStatus,
    Enrolment,
    MergedDose,
    MergedEnrolment,
    PatientIdentifier,
    PatientMerge,
    Record,
    VaccineTarget,
)
from tests.records import factories as make
from tests.records import issuer

pytestmark = pytest.mark.django_db


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


def identifier():
    patient = make.make_patient(identifiers=[("insurance", "4711")])
    return PatientIdentifier.objects.get(patient=patient)


def enrolment():
    return Enrolment.objects.get(patient=make.make_patient(clinic=make.make_clinic()))


def assignment():
    return Assignment.objects.get(volunteer=make.make_volunteer(make.make_clinic()))


def product():
    return reference.add_eu_product(
        by=make.system(), code="EU/1", name="Brand", org_code="ORG-1", prophylaxis_code="J07"
    )


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


def signed(kind):
    """Return what makes a row of one of the tables about credentials."""
    return lambda: issuer.signed_and_shared(make.make_dose().patient)[kind]


# What makes the row, what its twin has of its own beside the key, and the part of the key whose
# change lets the twin in.
KEYS = {
    "identifier": (identifier, {}, {"value": "4712"}),
    "identifier system": (identifier, {}, {"system": "passport"}),
    "clinic": (make.make_clinic, {"name": "Other"}, {"code": "other"}),
    "manufacturer": (make.make_manufacturer, {"name": "Other"}, {"mvx_code": "other"}),
    "vaccine": (make.make_vaccine, {"short_name": "Other"}, {"cvx_code": "other"}),
    "target": (
        lambda: VaccineTarget.objects.get(vaccine=make.make_vaccine()),
        {},
        {"disease": "6142004"},
    ),
    "product": (product, {"name": "Other"}, {"code": "other"}),
    "lot": (make.make_lot, {"expires_on": dt.date(2030, 1, 1)}, {"number": "other"}),
    "volunteer": (make.make_volunteer, {"first_name": "Other"}, {"code": "other"}),
    "volunteer user": (
        lambda: make.make_volunteer(user=make.make_user()),
        {"code": "other"},
        {"user": None},
    ),
    "assignment": (assignment, {}, {"starts_on": dt.date(2020, 1, 1)}),
    "enrolment": (enrolment, {}, {"starts_on": dt.date(2020, 1, 1)}),
    "dose": (make.make_dose, {"administered_on": dt.date(2020, 1, 1)}, {"dose_number": 2}),
    "dose external id": (imported_dose, {"dose_number": 2}, {"external_id": "18"}),
    "dose external source": (imported_dose, {"dose_number": 2}, {"external_source": "card"}),
    "grant": (grant, {"template": "carer"}, {"user_id": None}),
    "permission": (
        lambda: grant().permissions.first(),
        {},
        {"user_id": None},
    ),
    "claim code": (claim_code, {"template": "carer"}, {"digest": "other"}),
    "credential": (signed("credential"), {"format": "dcc"}, {"identifier": "other"}),
    "credential key": (signed("credential"), {"format": "dcc"}, {"kid": "other"}),
    "stated dose": (
        lambda: CredentialDose.objects.get(credential=signed("credential")()),
        {"position": 2},
        {"dose_id": None},
    ),
    "share link": (signed("sharelink"), {"label": "Other"}, {"digest": "other"}),
    "issuer": (signed("trustedissuer"), {"name": "Other"}, {"identifier": "other"}),
    "issuer format": (signed("trustedissuer"), {"name": "Other"}, {"format": "dcc"}),
    "trusted key": (signed("trustedkey"), {"public_key": "Other"}, {"digest": "other"}),
    "revoked code": (signed("revokedcode"), {}, {"identifier": "other"}),
    "seal": (seal, {"to_id": 2}, {"number": 2}),
    "counter": (counter, {"attempts": 2}, {"subject": "other"}),
    "merged dose": (lambda: MergedDose.objects.get(merge=merge()), {}, {"merge_id": None}),
    "merged enrolment": (
        lambda: MergedEnrolment.objects.get(merge=merge()),
        {},
        {"merge_id": None},
    ),
}


@pytest.mark.parametrize(("build", "beside", "apart"), KEYS.values(), ids=KEYS)
def test_second_row_of_a_natural_key_is_refused_by_the_database(build, beside, apart):
    row = build()

    with pytest.raises(IntegrityError):
        insert(twin(row, **beside))

    insert(twin(row, **beside, **{name: other(name, value) for name, value in apart.items()}))


def other(name, value):
    if name == "user_id":
        return make.make_user().pk
    if name == "merge_id":
        return merge().pk
    if name == "dose_id":
        return make.make_dose().pk
    return value


def test_lot_number_of_another_manufacturer_is_another_key():
    lot = make.make_lot()

    insert(twin(lot, manufacturer=make.make_manufacturer()))


def test_dose_number_of_another_manufacturer_or_patient_is_another_key():
    dose = make.make_dose()

    insert(twin(dose, lot=make.make_lot()))
    insert(twin(dose, patient=make.make_patient()))


def test_manufacturers_without_mvx_code_do_not_collide():
    maker = make.make_manufacturer(mvx_code=None)

    insert(twin(maker))


@pytest.mark.parametrize("status", [DoseStatus.ENTERED_IN_ERROR, DoseStatus.NOT_DONE])
def test_dose_number_is_free_beside_a_dose_that_is_not_completed(status):
    dose = make.make_dose()

    insert(twin(dose, status=status, status_reason="Wrong arm."))
    insert(twin(dose, status=status, status_reason="Wrong arm."))


@pytest.mark.parametrize("model", Record.__subclasses__(), ids=lambda model: model.__name__)
def test_public_id_of_every_record_is_a_key(model):
    row = {**ROWS}[model]()

    with pytest.raises(IntegrityError):
        insert(twin(row, **apart_from_keys(row), public_id=row.public_id))

    insert(twin(row, **apart_from_keys(row)))


def apart_from_keys(row):
    """Return values that keep every natural key of the row apart."""
    names = {
        "code": "other",
        "mvx_code": "other",
        "cvx_code": "other",
        "number": "other",
        "value": "other",
        "disease": "other",
        "digest": "other",
        "identifier": "other",
        "dose_number": 9,
        "starts_on": dt.date(2019, 1, 1),
        "user": make.make_user(),
    }
    return {name: value for name, value in names.items() if hasattr(row, name)}


ROWS = {
    model: build
    for build, model in (
        (make.make_patient, apps.get_model("records.Patient")),
        (identifier, PatientIdentifier),
        (make.make_clinic, apps.get_model("records.Clinic")),
        (make.make_manufacturer, apps.get_model("records.Manufacturer")),
        (make.make_vaccine, apps.get_model("records.Vaccine")),
        (lambda: VaccineTarget.objects.get(vaccine=make.make_vaccine()), VaccineTarget),
        (product, apps.get_model("records.EuProduct")),
        (make.make_lot, apps.get_model("records.Lot")),
        (make.make_volunteer, apps.get_model("records.Volunteer")),
        (assignment, Assignment),
        (enrolment, Enrolment),
        (make.make_dose, apps.get_model("records.Dose")),
        (grant, apps.get_model("records.PatientGrant")),
        (claim_code, ClaimCode),
        (signed("credential"), apps.get_model("records.Credential")),
        (signed("sharelink"), apps.get_model("records.ShareLink")),
        (signed("trustedissuer"), apps.get_model("records.TrustedIssuer")),
        (signed("trustedkey"), apps.get_model("records.TrustedKey")),
        (merge, PatientMerge),
    )
}


@pytest.mark.parametrize("key", ["version", "valid_to"])
@pytest.mark.parametrize("model", Record.__subclasses__(), ids=lambda model: model.__name__)
def test_version_of_every_record_is_numbered_and_current_once(model, key):
    row = ROWS[model]()
    first = row.history.get()
    apart = {"version": first.version + 1, "valid_to": first.history_date}

    with pytest.raises(IntegrityError):
        insert(twin(first, **{name: value for name, value in apart.items() if name != key}))

    insert(twin(first, **apart))


def paper(**changes):
    """A dose from a paper card: of a vaccine, whose lot nobody knows."""
    return lambda: (
        make.make_dose(vaccine=make.make_vaccine(), manufacturer=make.make_manufacturer()),
        {"dose_number": 2, **changes},
    )


def given_here(**changes):
    return lambda: (make.make_dose(), {"dose_number": 2, **changes})


CHECKS = [
    ("manufacturer_mvx_code_not_empty", lambda: (make.make_manufacturer(), {"mvx_code": ""})),
    (
        "vaccine_series_has_a_dose",
        lambda: (make.make_vaccine(), {"cvx_code": "x", "doses_in_series": 0}),
    ),
    ("lot_number_not_empty", lambda: (make.make_lot(), {"number": ""})),
    (
        "lot_recall_has_day_and_reason",
        lambda: (make.make_lot(), {"number": "x", "recalled_on": dt.date(2026, 1, 1)}),
    ),
    (
        "lot_recall_has_day_and_reason",
        lambda: (make.make_lot(), {"number": "x", "recall_reason": "Mould."}),
    ),
    (
        "assignment_ends_after_start",
        lambda: (assignment(), {"starts_on": dt.date(2020, 1, 2), "ends_on": dt.date(2020, 1, 1)}),
    ),
    (
        "enrolment_ends_after_start",
        lambda: (enrolment(), {"starts_on": dt.date(2020, 1, 2), "ends_on": dt.date(2020, 1, 1)}),
    ),
    (
        "merge_joins_two_patients",
        lambda: ((row := merge()), {"duplicate_id": row.survivor_id}),
    ),
    ("dose_lot_or_vaccine", lambda: ((row := make.make_dose()), {"vaccine": row.given_vaccine})),
    ("dose_lot_or_vaccine", paper(vaccine=None)),
    (
        "dose_lot_has_manufacturer",
        given_here(manufacturer=None, dose_number=None, primary_source=False),
    ),
    ("dose_completed_has_number", given_here(dose_number=None)),
    ("dose_completed_has_number", paper(manufacturer=None)),
    ("dose_number_from_one", given_here(dose_number=0)),
    ("dose_given_here_is_complete", paper(primary_source=True)),
    ("dose_given_here_is_complete", given_here(volunteer=None)),
    ("dose_given_here_is_complete", given_here(clinic=None)),
    ("dose_status_has_reason", given_here(status=DoseStatus.ENTERED_IN_ERROR)),
    ("dose_status_has_reason", given_here(status=DoseStatus.NOT_DONE)),
    ("dose_status_has_reason", given_here(status_reason="Wrong arm.")),
    ("dose_external_id_has_source", given_here(external_source="registry")),
    ("dose_external_id_has_source", given_here(external_id="17")),
    (
        "credential_revocation_has_time_and_cause",
        lambda: (signed("credential")(), {"identifier": "x", "revocation_cause": "withdrawn"}),
    ),
    (
        "credential_revocation_has_time_and_cause",
        lambda: (signed("credential")(), {"identifier": "x", "revoked_at": timezone.now()}),
    ),
]


@pytest.mark.parametrize(("name", "build"), CHECKS, ids=[name for name, _ in CHECKS])
def test_row_against_a_check_is_refused_by_the_database(name, build):
    row, changes = build()

    with pytest.raises(IntegrityError, match=name):
        insert(twin(row, **changes))


@pytest.mark.parametrize(
    "build",
    [
        given_here(),
        given_here(status=DoseStatus.ENTERED_IN_ERROR, status_reason="Wrong arm."),
        given_here(external_source="registry", external_id="17"),
        paper(),
        paper(manufacturer=None, dose_number=None),
        lambda: (assignment(), {"starts_on": dt.date(2020, 1, 1), "ends_on": dt.date(2020, 1, 1)}),
        lambda: (
            make.make_lot(),
            {"number": "x", "recalled_on": dt.date(2026, 1, 1), "recall_reason": "Mould."},
        ),
    ],
)
def test_row_within_every_check_is_taken(build):
    row, changes = build()

    insert(twin(row, **changes))


def test_checks_of_all_tables_are_tested():
    defined = {
        constraint.name
        for model in apps.get_app_config("records").get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint)
    }

    assert {name for name, _ in CHECKS} == defined
