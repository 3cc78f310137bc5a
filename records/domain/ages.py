"""How old somebody is."""

from __future__ import annotations

import datetime as dt


def age_in_months(born: dt.date, day: dt.date) -> int:
    """Return the months that a person has completed on a day, by the calendar."""
    return (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
