"""Who asks: what an account may see, and the clinics where somebody works today."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from records import models
from records.statements import Select, made, names_of, stand_in

EVERYTHING = "records.see_every_patient"


@dataclass(frozen=True)
class Viewer:
    """Stands for all users with these permissions and as many clinics, in a statement.

    ``records.sight`` compiles it once and puts each user's own key, clinics and moment into it.
    """

    permissions: frozenset[str]
    pk: int
    now: dt.datetime
    clinics: list[Any]
    is_active = is_authenticated = True

    def has_perm(self, permission: str) -> bool:
        """Tell whether the role gives the permission."""
        return permission in self.permissions


_read_once: ContextVar[dict[Any, Any] | None] = ContextVar("rights read once", default=None)


@contextmanager
def rights_read_once() -> Iterator[None]:
    """Within this block, one request's, read each user's permissions and assignments only once."""
    token = _read_once.set({})
    try:
        yield
    finally:
        _read_once.reset(token)


def current_clinics(user: Any) -> list[models.Clinic]:
    """Return the clinics where ``user`` is assigned today, by each clinic's own calendar."""
    if isinstance(user, Viewer):
        return user.clinics
    clinics: list[models.Clinic] = _once(_current_clinics, user)
    return clinics


def permissions_of(user: Any) -> frozenset[str]:
    """Return the full names of what the role of ``user`` allows."""
    permissions: frozenset[str] = _once(_permissions_of, user)
    return permissions


def _once(read: Callable[[Any], Any], user: Any) -> Any:
    known = _read_once.get()
    if known is None:
        return read(user)
    asked = (read, user.pk)
    if asked not in known:
        known[asked] = read(user)
    return known[asked]


def _permissions_of(user: Any) -> frozenset[str]:
    return frozenset(user.get_all_permissions())


def _current_clinics(user: Any) -> list[models.Clinic]:
    # Two days of slack cover every time zone; the clinic's own date decides below.
    slack = dt.timedelta(days=2)
    around = timezone.now().date()
    values = {"user": user.pk, "from": around - slack, "to": around + slack}
    clinics = {}
    for starts_on, ends_on, *columns in _assignments().fetch(values):
        clinic = made(models.Clinic, columns)
        today = clinic.today()
        if (
            starts_on <= today
            and (ends_on is None or ends_on >= today)
            and (clinic.retired_on is None or clinic.retired_on >= today)
        ):
            clinics[clinic.pk] = clinic
    return sorted(clinics.values(), key=lambda clinic: clinic.name)


@functools.cache
def _assignments() -> Select:
    """Return the statement for the assignments of a user around a day, each with its clinic."""
    slots = {"user": stand_in(int, 0), "from": stand_in(dt.date, 0), "to": stand_in(dt.date, 1)}
    rows = models.Assignment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=slots["from"]),
        volunteer__user_id=slots["user"],
        starts_on__lte=slots["to"],
    )
    columns = (f"clinic__{name}" for name in names_of(models.Clinic))
    return Select(rows.values_list("starts_on", "ends_on", *columns), slots)
