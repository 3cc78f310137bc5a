"""How old somebody is."""

from __future__ import annotations

import datetime as dt


def age_in_months(born: dt.date, day: dt.date) -> int:
    """Return the months that a person has completed on a day, by the calendar."""
    return (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)


def first_day_at(born: dt.date, months: int) -> dt.date:
    """Return the first day on which ``age_in_months`` is at least this many."""
    years, month = divmod(born.month - 1 + months, 12)
    try:
        return dt.date(born.year + years, month + 1, born.day)
    except ValueError:  # no such day in that month, which is never December
        return dt.date(born.year + years, month + 2, 1)
