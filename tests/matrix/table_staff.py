"""What the pages of supply, clinics and figures answer to whom."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tests.matrix.expect import COVERAGE, EVERY, SITES, STAFF, SUPPLY, Page
from tests.matrix.table_portal import FOUND
from tests.matrix.world import ABSENT_ID

SEEN = dict.fromkeys(STAFF, EVERY)


def page(
    whom: frozenset[str], get: int = 200, post: int | None = None, about: str = "", **more: Any
) -> Page:
    """Return a page of a team, for whatever there is of that kind."""
    return Page(
        get=(whom, get), post=(whom, post) if post else None, about=about, seen=SEEN, **more
    )


def assigning(found: Any) -> str:
    """Return the address at which a volunteer is assigned to the clinic where they work."""
    if found is None:
        return reverse("relations:assign", args=[ABSENT_ID, ABSENT_ID])
    clinic = found.assignments.get().clinic
    return reverse("relations:assign", args=[clinic.public_id, found.public_id])


TEAMS = {
    "supply:index": page(SUPPLY),
    "supply:lot": page(SUPPLY, about="lot"),
    "supply:recall": page(SUPPLY, post=200, about="lot"),
    # This lot has no recall to lift, nor is this clinic retired.
    "supply:lift": page(SUPPLY, FOUND, FOUND, about="lot"),
    "supply:notices": page(SUPPLY, post=200, about="lot"),
    "relations:index": page(SITES),
    "relations:add": page(SITES, post=200),
    "relations:clinic": page(SITES, about="clinic"),
    "relations:edit": page(SITES, post=200, about="clinic"),
    "relations:retire": page(SITES, post=200, about="clinic"),
    "relations:reinstate": page(SITES, FOUND, FOUND, about="clinic"),
    "relations:find_volunteer": page(SITES, post=200, about="clinic"),
    "relations:assign": page(SITES, post=200, about="volunteer", address=assigning),
    "relations:end": page(SITES, post=200, about="assignment"),
    "figures:coverage": page(COVERAGE),
    "figures:coverage_file": page(COVERAGE),
}
