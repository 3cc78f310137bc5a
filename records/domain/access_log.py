"""Who looked at a patient's record, and who did what with it, as the patient may read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied

from records import access
from records.domain.reading import LOG, note_read
from records.models import Assignment, AuditEntry, Patient, Volunteer

PAGE = 50


@dataclass(frozen=True, slots=True)
class Look:
    """One act: by whom (``name`` may be empty), in which roles, at which clinics of that day."""

    id: int
    at: dt.datetime
    own: bool
    name: str
    roles: tuple[str, ...]
    clinics: tuple[str, ...]
    action: str
    fields: tuple[str, ...]
    channel: str


def who_looked(*, by: Any, patient: Patient, before: int | None = None) -> list[Look]:
    """Return the newest ``PAGE`` acts on a patient's record, those before an id if one is given.

    Leaves an audit entry. Raises ``PermissionDenied`` for who may not share the record: somebody
    else's looks are not theirs to see.
    """
    if not access.may_share(by, patient):
        raise PermissionDenied("This grant does not show who looked at the record.")
    note_read(by=by, patients=[patient], what=LOG)
    entries = access.visible_to(by, AuditEntry).filter(patient=patient)
    if before is not None:
        entries = entries.filter(pk__lt=before)
    rows = list(entries.prefetch_related("actor__groups").order_by("-pk")[:PAGE])
    actors = {row.actor_id for row in rows}
    names = _names(actors)
    assignments = _assignments(actors)
    return [
        Look(
            id=row.pk,
            at=row.at,
            own=row.actor_id == by.pk,
            name=names.get(row.actor_id) or row.actor.name,
            roles=tuple(sorted(group.name for group in row.actor.groups.all())),
            clinics=_clinics(assignments, row),
            action=row.action,
            fields=tuple(row.fields),
            channel=row.channel,
        )
        for row in rows
    ]


def _names(users: Iterable[int]) -> dict[int, str]:
    """Return the names of volunteers, who are known to patients by these.

    Whoever looked at a record is shown to its holder, also where they could not look anybody up.
    """
    volunteers = Volunteer.objects.filter(user__in=users)
    return {volunteer.user_id: str(volunteer) for volunteer in volunteers if volunteer.user_id}


def _assignments(users: Iterable[int]) -> list[Assignment]:
    rows = Assignment.objects.filter(volunteer__user__in=users)
    return list(rows.select_related("volunteer", "clinic").order_by("clinic__name", "pk"))


def _clinics(assignments: list[Assignment], entry: AuditEntry) -> tuple[str, ...]:
    """Return where the actor worked on the day of the entry, by each clinic's own calendar."""
    names = [
        row.clinic.name
        for row in assignments
        if row.volunteer.user_id == entry.actor_id
        and row.starts_on <= (day := entry.at.astimezone(ZoneInfo(row.clinic.time_zone)).date())
        and (row.ends_on is None or row.ends_on >= day)
    ]
    return tuple(dict.fromkeys(names))
