"""Natural keys, held by the database itself: rows go in without any validation."""

import datetime as dt

import pytest
from django.apps import apps
from django.db import IntegrityError
from django.utils import timezone

from records.models import (
    Assignment,
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
from tests.records import workspace
from tests.records.domain.given import identifier, product
from tests.records.models.rows import (
    assignment,
    check_in,
    claim_code,
    counter,
    enrolment,
    grant,
    imported_dose,
    insert,
    merge,
    proposal,
    seal,
    signed,
    twin,
)

pytestmark = pytest.mark.django_db


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
    "check-in": (check_in, {"arrived_at": timezone.now()}, {"day": dt.date(2020, 1, 1)}),
    "merge proposal": (proposal, {"reason": "Other"}, {"survivor_id": None}),
    "screening answer": (
        lambda: workspace.answered(make.make_dose(), workspace.question()),
        {"answer": "yes"},
        {"dose_id": None},
    ),
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
    if name == "survivor_id":
        return make.make_patient().pk
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
        "day": dt.date(2019, 1, 1),
        "user": make.make_user(),
        "survivor": make.make_patient(),
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
        (check_in, apps.get_model("records.CheckIn")),
        (workspace.question, apps.get_model("records.ScreeningQuestion")),
        (merge, PatientMerge),
        (proposal, apps.get_model("records.MergeProposal")),
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
