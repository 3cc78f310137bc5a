"""What the patient's portal answers to whom, and the pages of shared links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.urls import reverse

from tests.matrix.expect import IN_PORTAL, OUT, PORTAL, SIGNED_IN, Page
from tests.matrix.world import ABSENT_ID

FOUND = 302


def portal(post: int | None = None, about: str = "", **more: Any) -> Page:
    """Return a page of the portal: who has the role, for the records granted to them."""
    return Page(
        get=(PORTAL, 200),
        post=(PORTAL, post) if post else None,
        about=about,
        seen=IN_PORTAL,
        **more,
    )


READ_ONLY = {("patient", "relative"): 403}


def removal(grant: Any) -> str:
    """Return the address that takes a grant away."""
    patient = grant.patient.public_id if grant else ABSENT_ID
    return reverse(
        "passport:remove_access", args=[patient, grant.public_id if grant else ABSENT_ID]
    )


def below(page: str, *name: str) -> Callable[[Any], str]:
    """Return what gives the address of a page about one link or code, below its patient's."""

    def address(found: Any) -> str:
        keys = [found.patient.public_id, found.public_id] if found else [ABSENT_ID, ABSENT_ID]
        return reverse(page, args=[*keys, *name])

    return address


PICTURE = "qr-code.svg"
# A signed code is more than a look at the record.
MANAGED = {("patient", "relative"): 404}
of_code = portal(about="credential", but=MANAGED)
of_link = portal(about="sharelink", but=READ_ONLY)
PASSPORT = {
    "cards": portal(post=FOUND, about="patient", but=MANAGED),
    "card": replace(of_code, address=below("passport:card")),
    "card_file": replace(of_code, address=below("passport:card_file", PICTURE)),
    "shares": portal(about="patient", but=READ_ONLY),
    "share_new": portal(post=200, about="patient", but=READ_ONLY),
    "share": replace(of_link, address=below("passport:share")),
    "revoke_share": replace(
        of_link, get=None, post=(PORTAL, FOUND), address=below("passport:revoke_share")
    ),
    "index": portal(),
    "passport": portal(about="patient"),
    "certificate": portal(about="patient"),
    "history": portal(about="patient"),
    "log": portal(about="patient", but=READ_ONLY),
    "contact": portal(post=200, about="patient", but=READ_ONLY),
    "access": portal(about="patient"),
    "remove_access": portal(
        post=FOUND,
        about="patientgrant",
        address=removal,
        # A relative leaves; the patient's own and a child's guardian's access end at a clinic.
        but={("patient", "own"): 403, ("patient", "dependant"): 403},
    ),
}

# Nobody's account counts there, and a form of that type is none.
SHARED = {
    "shared:link": Page(
        get=(SIGNED_IN, 404),
        post=(SIGNED_IN, 415),
        public=404,
        before_factor=True,
        options=204,
        kwargs={"token": "none"},
        but={(actor, "POST", ""): 415 for actor in OUT},
    ),
    "shared:file": Page(
        get=(SIGNED_IN, 404),
        public=404,
        before_factor=True,
        options=204,
        kwargs={"token": "none", "signed": "none"},
    ),
}
