"""Checks, held by the database itself: rows go in without any validation."""

import datetime as dt

import pytest
from django.apps import apps
from django.db import IntegrityError, models
from django.utils import timezone

from records.models import (
    DoseStatus,
)
from tests.records import factories as make
from tests.records.models.rows import (
    assignment,
    check_in,
    enrolment,
    insert,
    merge,
    notice,
    proposal,
    signed,
    twin,
)

pytestmark = pytest.mark.django_db


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
    (
        "vaccine_ages_are_a_range",
        lambda: (
            make.make_vaccine(),
            {"cvx_code": "x", "min_age_months": 12, "max_age_months": 12},
        ),
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
    (
        "merge_proposal_names_two_patients",
        lambda: ((row := proposal()), {"survivor_id": row.patient_id}),
    ),
    (
        "merge_proposal_is_decided_by_somebody",
        lambda: (proposal(), {"survivor": make.make_patient(), "outcome": "declined"}),
    ),
    (
        "merge_proposal_is_decided_by_somebody",
        lambda: (
            proposal(),
            {"survivor": make.make_patient(), "decided_by": make.system()},
        ),
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
    (
        "check_in_in_progress_is_served",
        lambda: (check_in(), {"day": dt.date(2019, 1, 1), "state": "in-progress"}),
    ),
    (
        "notice_sent_has_moment",
        lambda: (notice(), {"patient": make.make_patient(), "state": "sent"}),
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
