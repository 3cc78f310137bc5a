"""What a user sees of patients, asked in statements that are compiled once for all users alike.

Two users are alike when they have the same permissions and work at as many clinics today: then
``access.visible_to`` makes the same statement for both, and only its values differ. A permission
that comes or goes makes another statement; clinics, days and moments are values of each request.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet
from django.utils import timezone

from records import viewers
from records.statements import Select, stand_in

Build = Callable[..., QuerySet[Any, Any]]
KEPT = 1000
# Stands before the names of values that the viewer brings.
VIEWER = "viewer."


class _Clinic(NamedTuple):
    """A clinic in a statement: what ``access.enrolled_at`` reads of one."""

    pk: int
    day: dt.date

    def today(self) -> dt.date:
        """Return the clinic's own date."""
        return self.day


def seen(user: Any, build: Build, *fixed: Any, **values: Any) -> list[Any]:
    """Return the rows of ``build(viewer, *fixed, **values)``, sequences as of ``values_list()``.

    ``build`` is a function of a module that starts from ``access.visible_to(viewer, …)``, and for
    which each of ``values``, once compiled, is a parameter and nothing else. ``fixed`` are
    hashable and may change the statement.
    """
    return _ask(user, build, fixed, values, as_text=False)


def shown(user: Any, build: Build, *fixed: Any, **values: Any) -> list[Any]:
    """Return the rows of ``seen`` for JSON: identifiers may be text already."""
    return _ask(user, build, fixed, values, as_text=True)


def _ask(
    user: Any, build: Build, fixed: tuple[Any, ...], values: dict[str, Any], *, as_text: bool
) -> list[Any]:
    if not (user.is_authenticated and user.is_active):
        return []
    permissions = viewers.permissions_of(user)
    days: dict[dt.date, list[int]] = defaultdict(list)
    if viewers.EVERYTHING not in permissions and "records.view_patient" in permissions:
        for clinic in viewers.current_clinics(user):
            days[clinic.today()].append(clinic.pk)
    # Some rows belong to an account whatever its permissions are.
    values |= {f"{VIEWER}pk": user.pk, f"{VIEWER}now": timezone.now()}
    for number, (day, keys) in enumerate(days.items()):
        values |= {f"{VIEWER}day.{number}": day}
        values |= {f"{VIEWER}clinic.{number}.{place}": key for place, key in enumerate(keys)}
    sizes = tuple(map(len, days.values()))
    kinds = tuple((name, type(value)) for name, value in values.items())
    statement = _compiled(build, fixed, permissions, sizes, kinds, as_text)
    return statement.fetch(values) if statement else []


@lru_cache(maxsize=KEPT)
def _compiled(
    build: Build,
    fixed: tuple[Any, ...],
    permissions: frozenset[str],
    sizes: tuple[int, ...],
    kinds: tuple[tuple[str, type], ...],
    as_text: bool,
) -> Select | None:
    """Return the statement; None where such users see nothing at all."""
    slots = {name: stand_in(kind, place) for place, (name, kind) in enumerate(kinds)}
    clinics = [
        _Clinic(slots[f"{VIEWER}clinic.{number}.{place}"], slots[f"{VIEWER}day.{number}"])
        for number, size in enumerate(sizes)
        for place in range(size)
    ]
    viewer = viewers.Viewer(permissions, slots[f"{VIEWER}pk"], slots[f"{VIEWER}now"], clinics)
    own = {name: slots[name] for name, _ in kinds if not name.startswith(VIEWER)}
    try:
        statement = Select(build(viewer, *fixed, **own), slots, as_text=as_text)
    except EmptyResultSet:
        return None
    if missing := own.keys() - statement.names:
        raise ValueError(f"No parameters of the statement: {', '.join(sorted(missing))}.")
    return statement
