"""What the warnings of a dose say, and how ages and series are counted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from records.domain import doses
from records.domain.dose_import import import_doses
from records.domain.dose_warnings import _months_staged
from records.domain.errors import ConfirmationRequired
from records.models import Dose, Patient, Vaccine
from tests.records import factories as make
from tests.records.domain.dose_worlds import make_world, row
from tests.records.domain.test_ages import AGES

pytestmark = pytest.mark.django_db

MEASLES, MUMPS = "14189004", "36989005"


def give(patient: Patient, vaccine: Vaccine, day: dt.date, **fields: Any) -> None:
    make.make_dose(
        patient=patient, lot=make.make_lot(vaccine=vaccine), administered_on=day, **fields
    )


def warned(patient: Patient, vaccine: Vaccine, day: dt.date) -> dict[str, str]:
    with pytest.raises(ConfirmationRequired) as asked:
        give(patient, vaccine, day)
    return asked.value.warnings


def test_warning_of_a_short_interval_names_the_dose_and_the_days():
    vaccine = make.make_vaccine(min_interval_days=28)
    first = make.make_dose(lot=make.make_lot(vaccine=vaccine), administered_on=dt.date(2021, 1, 5))
    make.make_dose(
        lot=make.make_lot(vaccine=vaccine),
        patient=first.patient,
        administered_on=dt.date(2021, 6, 1),
    )
    with pytest.raises(ConfirmationRequired) as asked:
        make.make_dose(
            lot=make.make_lot(vaccine=vaccine),
            patient=first.patient,
            administered_on=dt.date(2021, 1, 17),
        )
    assert asked.value.warnings == {
        "short_interval": "Another dose of this vaccine was given on 5 January 2021, 12 days apart."
        " Its schedule says at least 28 days."
    }
    assert str(asked.value) == "short_interval"


@pytest.mark.parametrize(
    ("ages", "day", "says"),
    [
        ((12, None), "2021-01-04", "for ages from 12 months; the patient's was 11 months."),
        ((12, 60), "2020-02-20", "from 12 months to below 5 years; the patient's was 1 month."),
        ((None, 30), "2022-07-05", "below 2 years and 6 months; the patient's was 2 years and 6"),
        ((0, 36), "2023-01-05", "from 0 months to below 3 years; the patient's was 3 years."),
    ],
)
def test_warning_of_a_wrong_age_says_for_which_ages_and_how_old(
    ages: tuple[int | None, int | None], day: str, says: str
) -> None:
    patient = make.make_patient(date_of_birth=dt.date(2020, 1, 5))
    vaccine = make.make_vaccine(min_age_months=ages[0], max_age_months=ages[1])

    found = warned(patient, vaccine, dt.date.fromisoformat(day))

    assert list(found) == ["wrong_age"]
    assert says in found["wrong_age"]


def test_database_counts_months_as_python_does() -> None:
    vaccine = make.make_vaccine()
    for born, day, _months in AGES:
        patient = make.make_patient(date_of_birth=born)
        make.make_dose(patient=patient, vaccine=vaccine, administered_on=day)

    counted = Dose.objects.annotate(months=_months_staged()).order_by("id")

    assert [dose.months for dose in counted] == [months for *_, months in AGES]


@pytest.mark.parametrize("day", ["2021-01-05", "2024-12-31"])
def test_age_within_the_schedule_is_no_question(day: str) -> None:
    patient = make.make_patient(date_of_birth=dt.date(2020, 1, 5))

    give(
        patient, make.make_vaccine(min_age_months=12, max_age_months=60), dt.date.fromisoformat(day)
    )

    assert patient.doses.count() == 1


def test_ages_that_are_no_range_are_refused() -> None:
    with pytest.raises(ValidationError, match="The maximum age is above the minimum age"):
        make.make_vaccine(min_age_months=12, max_age_months=12)


def test_warning_of_a_complete_series_counts_doses_of_other_vaccines_too() -> None:
    patient = make.make_patient()
    vaccine = make.make_vaccine(doses_in_series=2, diseases=[MEASLES])
    give(patient, make.make_vaccine(diseases=[MEASLES, MUMPS]), dt.date(2021, 1, 1))
    give(patient, vaccine, dt.date(2021, 2, 1))

    found = warned(patient, vaccine, dt.date(2021, 3, 1))

    assert found == {
        "series_complete": "The patient has all doses of this vaccine's series already."
        " Doses in the series: 2; given against the same diseases before: 2."
    }


def test_combined_vaccine_is_no_question_while_one_series_is_open() -> None:
    patient = make.make_patient()
    single = make.make_vaccine(diseases=[MEASLES])
    combined = make.make_vaccine(doses_in_series=2, diseases=[MEASLES, MUMPS])
    give(patient, single, dt.date(2021, 1, 1))
    give(patient, single, dt.date(2021, 2, 1))
    give(patient, combined, dt.date(2021, 3, 1))
    give(patient, combined, dt.date(2021, 4, 1))

    assert list(warned(patient, combined, dt.date(2021, 5, 1))) == ["series_complete"]


def test_earlier_dose_is_copied_from_a_card_without_a_question() -> None:
    patient = make.make_patient()
    vaccine = make.make_vaccine(doses_in_series=2)
    give(patient, vaccine, dt.date(2021, 2, 1))
    give(patient, vaccine, dt.date(2021, 3, 1))

    give(patient, vaccine, dt.date(2021, 1, 1))

    assert patient.doses.count() == 3


def test_voided_dose_does_not_complete_a_series() -> None:
    patient = make.make_patient()
    vaccine = make.make_vaccine(doses_in_series=1)
    wrong = make.make_dose(patient=patient, lot=make.make_lot(vaccine=vaccine))
    doses.void_dose(by=make.system(), dose=wrong, version=wrong.version, reason="Mistyped.")

    give(patient, vaccine, make.days_ago(3))

    assert patient.doses.count() == 2


@pytest.mark.parametrize("on_record", [0, 1, 2])
def test_rows_of_one_file_complete_a_series_together(on_record: int) -> None:
    make_world()
    rows = [
        row(number, mvx_code="M1", lot_number="D", administered_on=make.days_ago(100 - number))
        for number in range(2, 6)
    ]
    import_doses(by=make.system(), rows=rows[:on_record])

    outcome = import_doses(by=make.system(), rows=rows[on_record:])

    warned = [(finding.row, finding.code) for finding in outcome.findings]
    assert warned == [(4, "series_complete"), (5, "series_complete")]
