"""Who looked at a patient's record, and who did what with it, as the patient may read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from records import access
from records.domain.reading import LOG, note_read
from records.domain.share_links import FETCHED, OPENED, REFUSED
from records.models import AuditEntry, Patient, ShareLink, ShareView, Volunteer

PAGE = 50
LINK = "link"  # the channel of who has no account


class Link(NamedTuple):
    """The shared link of an act, and who opened it, as they called themselves."""

    label: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Look:
    """One act: by whom (``name`` may be empty), in which roles, at which clinics of that day.

    What came by a shared link, as its ``channel`` says, was nobody's act who has an account;
    ``link`` is the one that it was about.
    """

    id: int
    at: dt.datetime
    own: bool
    name: str
    roles: tuple[str, ...]
    clinics: tuple[str, ...]
    action: str
    fields: tuple[str, ...]
    channel: str
    link: Link | None = None


def who_looked(*, by: Any, patient: Patient, before: int | None = None) -> list[Look]:
    """Return the newest ``PAGE`` acts on a patient's record, those before an id if one is given.

    Leaves an audit entry. Raises ``PermissionDenied`` for who may not share the record: somebody
    else's looks are not theirs to see.
    """
    if not access.may_share(by, patient):
        raise PermissionDenied(_("This grant does not show who looked at the record."))
    note_read(by=by, patients=[patient], what=LOG)
    entries = access.visible_to(by, AuditEntry).filter(patient=patient)
    if before is not None:
        entries = entries.filter(pk__lt=before)
    rows = list(entries.prefetch_related("actor__groups").order_by("-pk")[:PAGE])
    actors = {row.actor_id for row in rows}
    names, assignments = _at_work(actors)
    links = _links(by, rows)
    return [
        Look(
            id=row.pk,
            at=row.at,
            own=row.actor_id == by.pk and row.channel != LINK,
            name=names.get(row.actor_id) or row.actor.name,
            roles=tuple(sorted(group.name for group in row.actor.groups.all())),
            clinics=_clinics(assignments, row),
            action=row.action,
            fields=tuple(row.fields),
            channel=row.channel,
            link=links.get(row.pk),
        )
        for row in rows
    ]


class Work(NamedTuple):
    """Where an account worked, and when; its last day may be open."""

    user: int
    clinic: str
    time_zone: str
    starts_on: dt.date
    ends_on: dt.date | None


def _at_work(users: Iterable[int]) -> tuple[dict[int, str], list[Work]]:
    """Return the names of volunteers, who are known to patients by these, and where they worked.

    Whoever looked at a record is shown to its holder, also where they could not look anybody up.
    """
    columns = ("clinic__name", "clinic__time_zone", "starts_on", "ends_on")
    rows = (
        Volunteer.objects.filter(user__in=users)
        .order_by("assignments__clinic__name", "assignments__pk")
        .values_list(
            "user", "first_name", "last_name", *(f"assignments__{name}" for name in columns)
        )
    )
    names, work = {}, []
    for user, first_name, last_name, *where in rows:
        names[user] = str(Volunteer(first_name=first_name, last_name=last_name))
        if where[0] is not None:
            work.append(Work(user, *where))
    return names, work


def _links(by: Any, rows: Iterable[AuditEntry]) -> dict[int, Link]:
    """Return the link of each entry that was left by one, by the key of the entry.

    An opening and its entry have the same moment.
    """
    by_link = [row for row in rows if row.action in (OPENED, FETCHED, REFUSED)]
    if not by_link:
        return {}
    links = access.visible_to(by, ShareLink).filter(
        public_id__in={row.subject_id for row in by_link}
    )
    labels = {link.public_id: str(link) for link in links}
    views = access.visible_to(by, ShareView).filter(
        link__public_id__in=labels, at__in=[row.at for row in by_link]
    )
    recipients = {
        (link, at): recipient
        for link, at, recipient in views.values_list("link__public_id", "at", "recipient")
    }
    return {
        row.pk: Link(labels.get(row.subject_id, ""), recipients.get((row.subject_id, row.at), ""))
        for row in by_link
    }


def _clinics(assignments: list[Work], entry: AuditEntry) -> tuple[str, ...]:
    """Return where the actor worked on the day of the entry, by each clinic's own calendar."""
    names = [
        row.clinic
        for row in assignments
        if row.user == entry.actor_id
        and row.starts_on <= (day := entry.at.astimezone(ZoneInfo(row.time_zone)).date())
        and (row.ends_on is None or row.ends_on >= day)
    ]
    return tuple(dict.fromkeys(names))
