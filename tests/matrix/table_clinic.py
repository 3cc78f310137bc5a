"""What the pages of the clinic workspace answer to whom."""

from __future__ import annotations

from typing import Any

from tests.matrix.expect import (
    AT_WORK,
    IN_CLINIC,
    Page,
)
from tests.matrix.table_offline import WITHOUT_NETWORK
from tests.matrix.table_portal import FOUND, PICTURE, below


def clinic(post: int | None = None, about: str = "", get: int | None = 200, **more: Any) -> Page:
    """Return a page of the clinic workspace: who works somewhere today, for who is in sight."""
    return Page(
        get=(AT_WORK, get) if get else None,
        post=(AT_WORK, post) if post else None,
        about=about,
        seen=IN_CLINIC,
        **more,
    )


# A dose of a visible patient, given where this volunteer does not work: read, not corrected.
NOT_MINE = {(actor, "given_there"): 403 for actor in AT_WORK}

CLINIC = {
    "cards": clinic(post=FOUND, about="patient"),
    "certificate": clinic(about="patient"),
    "card": clinic(about="credential", address=below("clinic:card")),
    "card_file": clinic(about="credential", address=below("clinic:card_file", PICTURE)),
    "find": clinic(post=200),
    "shift": clinic(post=200),
    "elsewhere": clinic(post=200),
    "register": clinic(post=200),
    "patient": clinic(about="patient"),
    # Only for whom the search has just found elsewhere: see tests/matrix/test_searches.py.
    "enrol": clinic(get=None, post=404, about="patient"),
    "record": clinic(post=200, about="patient"),
    "record_not_given": clinic(post=200, about="patient"),
    "record_outside": clinic(post=200, about="patient"),
    "edit_patient": clinic(post=200, about="patient"),
    "add_number": clinic(get=None, post=200, about="patient"),
    "propose_merge": clinic(post=200, about="patient"),
    "take_home": clinic(post=200, about="patient"),
    "identity": clinic(post=200, about="patient"),
    "claim_code": clinic(post=200, about="patient"),
    "hand_over": clinic(post=200, about="patient"),
    "dose": clinic(about="dose"),
    "queue": clinic(),
    "next": clinic(get=FOUND),
    "session": clinic(),
    **WITHOUT_NETWORK,
    "check_in": clinic(get=None, post=FOUND, about="patient"),
    "take": clinic(get=None, post=FOUND, about="checkin"),
    "put_back": clinic(get=None, post=FOUND, about="checkin"),
    "leave": clinic(get=None, post=FOUND, about="checkin"),
    "amend": clinic(post=200, about="dose", but=NOT_MINE),
    "undo": clinic(get=None, post=FOUND, about="dose", but=NOT_MINE),
    "void": clinic(post=200, about="dose", but=NOT_MINE),
}
