"""Ages by the calendar."""

import datetime as dt

import pytest

from records.domain.ages import age_in_months


@pytest.mark.parametrize(
    ("born", "day", "months"),
    [
        ("2021-01-15", "2021-01-15", 0),
        ("2021-01-15", "2021-02-14", 0),
        ("2021-01-15", "2021-02-15", 1),
        ("2021-01-31", "2021-02-28", 0),
        ("2021-01-31", "2021-03-01", 1),
        ("2020-02-29", "2021-02-28", 11),
        ("2020-02-29", "2021-03-01", 12),
        ("2020-12-31", "2021-01-01", 0),
    ],
)
def test_age_counts_the_months_that_are_complete(born: str, day: str, months: int) -> None:
    assert age_in_months(dt.date.fromisoformat(born), dt.date.fromisoformat(day)) == months
