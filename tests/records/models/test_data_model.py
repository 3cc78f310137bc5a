"""The uniqueness claims of docs/data-model.md, checked against the live schema."""

import re

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

# Table: every set of columns, besides id and public_id, that determines a row. ``live_…`` is the
# number of a completed dose, and the day of an open check-in.
KEYS = {
    "Patient": [],
    "PatientIdentifier": [("system", "value")],
    "Clinic": [("code",)],
    "Manufacturer": [("mvx_code",)],
    "Vaccine": [("cvx_code",)],
    "VaccineTarget": [("vaccine", "disease")],
    "EuProduct": [("code",)],
    "Lot": [("manufacturer", "number")],
    "Volunteer": [("code",), ("user",)],
    "Assignment": [("volunteer", "clinic", "starts_on")],
    "Enrolment": [("patient", "clinic", "starts_on")],
    "Dose": [
        ("patient", "manufacturer", "live_dose_number"),
        ("external_source", "external_id"),
    ],
    "PatientGrant": [("user", "patient")],
    "PatientPermission": [("user", "permission", "content_object")],
    "ClaimCode": [("digest",)],
    "PatientMerge": [],
    "MergeProposal": [("patient", "survivor", "live_outcome")],
    "MergedDose": [("merge", "dose")],
    "MergedEnrolment": [("merge", "enrolment")],
    "Credential": [("kid", "identifier")],
    "CredentialDose": [("credential", "dose")],
    "ShareLink": [("digest",)],
    "ShareView": [],
    "CheckIn": [("patient", "clinic", "live_day")],
    "ScreeningQuestion": [],
    "ScreeningAnswer": [("dose", "question")],
    "TrustedIssuer": [("format", "identifier")],
    "TrustedKey": [("issuer", "kid", "digest")],
    "RevokedCode": [("issuer", "kid", "identifier")],
    "AuditSeal": [("number",)],
    "AttemptCounter": [("scope", "subject")],
    "IdempotencyKey": [("actor", "route", "key")],
    "ImportJob": [],
    "ImportChunk": [("job", "number")],
    "ImportProblem": [],
    "RecallMailing": [("lot",)],
    "Notice": [("mailing", "patient")],
}


def columns(model, names):
    return {model._meta.get_field(name).column for name in names}


@pytest.mark.django_db
@pytest.mark.parametrize("name", KEYS)
def test_live_schema_has_exactly_the_keys_of_the_data_model(name):
    model = apps.get_model("records", name)
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)

    unique = {
        frozenset(each["columns"])
        for each in found.values()
        if each["unique"] or each["primary_key"]
    }

    surrogates = [("id",), ("public_id",)] if hasattr(model, "public_id") else [("id",)]
    assert unique == {frozenset(columns(model, key)) for key in [*surrogates, *KEYS[name]]}


@pytest.mark.parametrize("name", KEYS)
def test_data_model_document_names_each_table_with_its_keys(name):
    text = (settings.BASE_DIR / "docs" / "data-model.md").read_text()
    line = re.search(rf"^\| {name} \| (?P<keys>[^|]*) \|", text, re.MULTILINE)
    assert line, f"docs/data-model.md has no line for {name}"

    for key in KEYS[name]:
        shown = ", ".join(column.removeprefix("live_") for column in key)
        assert (f"({shown})" if len(key) > 1 else shown) in line["keys"]
    if not KEYS[name]:
        assert line["keys"] == "–"  # noqa: RUF001 - the dash of the document


def test_data_model_covers_every_table_of_records():
    told = {*KEYS, "AuditEntry", "OutboxEvent", "StagedDose"}
    models = {
        model.__name__
        for model in apps.get_app_config("records").get_models()
        if not model.__name__.startswith("Historical")
    }
    text = (settings.BASE_DIR / "docs" / "data-model.md").read_text()

    assert models == told
    assert all(name in text for name in models)
