"""Ages by the calendar."""

import datetime as dt

import pytest

from records.domain.ages import age_in_months, first_day_at

AGES = [
    (dt.date.fromisoformat(born), dt.date.fromisoformat(day), months)
    for born, day, months in (
        ("2021-01-15", "2021-01-15", 0),
        ("2021-01-15", "2021-02-14", 0),
        ("2021-01-15", "2021-02-15", 1),
        ("2021-01-31", "2021-02-28", 0),
        ("2021-01-31", "2021-03-01", 1),
        ("2020-02-29", "2021-02-28", 11),
        ("2020-02-29", "2021-03-01", 12),
        ("2020-12-31", "2021-01-01", 0),
    )
]


@pytest.mark.parametrize(("born", "day", "months"), AGES)
def test_age_counts_the_months_that_are_complete(born: dt.date, day: dt.date, months: int) -> None:
    assert age_in_months(born, day) == months


@pytest.mark.parametrize("born", ["2020-01-31", "2020-02-29", "2020-08-31", "2020-11-30"])
@pytest.mark.parametrize("months", [0, 1, 3, 4, 6, 12, 25])
def test_first_day_of_an_age_is_the_day_on_which_its_last_month_is_complete(
    born: str, months: int
) -> None:
    birthday = dt.date.fromisoformat(born)

    day = first_day_at(birthday, months)

    assert age_in_months(birthday, day) == months
    assert age_in_months(birthday, day - dt.timedelta(days=1)) == months - 1
