"""How a series stands, and what is next, in words for the person whose passport it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from records.domain.schedule import Course, Standing
from records.web.presenting import disease_words

BADGES: dict[Standing, tuple[str, Promise]] = {
    Standing.COMPLETE: ("badge--completed", gettext_lazy("Complete")),
    Standing.PLANNED: ("badge--info", gettext_lazy("Next dose later")),
    Standing.OPEN: ("badge--warning", gettext_lazy("Dose due")),
    Standing.OVERDUE: ("badge--recalled", gettext_lazy("Overdue")),
}
ORDER = (
    *(Standing.OVERDUE, Standing.OPEN, Standing.PLANNED),
    *(Standing.COMPLETE, Standing.PAST, Standing.UNKNOWN),
)
DUE = (Standing.OPEN, Standing.OVERDUE)


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A series with its words; no badge where nothing is known of its schedule."""

    title: str
    words: str
    badge: str
    badge_words: Promise | str


@dataclass(frozen=True, slots=True)
class Status:
    """The one line above all series; ``is_due`` where the reader may want to do something."""

    words: str
    is_due: bool


def course_rows(courses: Iterable[Course], today: dt.date) -> list[CourseRow]:
    """Return the series with their words; what is due stands first."""
    standing = {course: course.standing(today) for course in courses}
    return [
        CourseRow(
            disease_words(course.diseases) or course.vaccine,
            _words(course, standing[course]),
            *BADGES.get(standing[course], ("", "")),
        )
        for course in sorted(standing, key=lambda course: ORDER.index(standing[course]))
    ]


def status_of(courses: Iterable[Course], today: dt.date) -> Status:
    """Return the line that sums the series up; empty where no schedule can say it."""
    standing = {course: course.standing(today) for course in courses}
    # One dose may be next in several series: it is counted once.
    due = {course.vaccine for course, how in standing.items() if how in DUE}
    if due:
        words = ngettext("1 dose is due.", "%(count)d doses are due.", len(due))
        return Status(words % {"count": len(due)}, True)
    if Standing.PAST in standing.values():  # nor is it known that everything is up to date
        return Status("", False)
    planned = (course for course, how in standing.items() if how is Standing.PLANNED)
    later = [course.next_from for course in planned if course.next_from is not None]
    if later:
        day = date_format(min(later))
        return Status(
            _("Everything up to date. The next dose may be given from %(day)s.") % {"day": day},
            False,
        )
    is_any_complete = Standing.COMPLETE in standing.values()
    return Status(_("Everything up to date.") if is_any_complete else "", False)


def _words(course: Course, standing: Standing) -> str:
    if standing is Standing.UNKNOWN or (course.needed or 0) < course.given:
        words = ngettext("1 dose on record.", "%(count)d doses on record.", course.given)
        return words % {"count": course.given}
    values = {
        "given": course.given,
        "next": course.given + 1,
        "needed": course.needed,
        "day": date_format(course.next_from) if course.next_from else "",
    }
    if standing is Standing.COMPLETE:
        words = ngettext(
            "The only dose was given.", "All %(needed)d doses were given.", course.given
        )
    elif standing is Standing.PAST:
        words = _(
            "Dose %(next)d of %(needed)d is missing, and this vaccine is not meant for the age at"
            " which it could be given. Ask your clinic."
        )
    elif not course.next_from:
        words = _("Dose %(next)d of %(needed)d is still to come. Ask your clinic when.")
    elif standing is Standing.PLANNED:
        words = _("Dose %(next)d of %(needed)d may be given from %(day)s.")
    elif standing is Standing.OPEN:
        words = _("Dose %(next)d of %(needed)d has been possible since %(day)s.")
    else:
        words = _(
            "Dose %(next)d of %(needed)d has been possible since %(day)s."
            " Ask your clinic for an appointment."
        )
    return words % values
