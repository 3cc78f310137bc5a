"""What a domain function may raise besides Django's own exceptions and ``OutOfSight``."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from records.models import Record


class StaleVersion(Exception):
    """Somebody changed the record since it was read; nothing was written.

    ``current`` is the record as it is now, ``seen`` the version that the change started from.
    """

    def __init__(self, current: Record, seen: int) -> None:
        """Keep both sides, so that a page can show them."""
        self.current = current
        self.seen = seen
        name = current._meta.verbose_name
        super().__init__(
            _("This %(name)s is at version %(now)s now; you changed version %(seen)s.")
            % {"name": name, "now": current.version, "seen": seen}
        )


class ConfirmationRequired(Exception):
    """A person has to judge: call again with ``confirmed`` naming these codes.

    ``warnings`` maps each code to the sentence that a person reads. It may name a day of the
    patient's; the exception itself, which a log may hold, names the codes.
    """

    def __init__(self, warnings: dict[str, str]) -> None:
        """Keep the open warnings."""
        self.warnings = warnings
        super().__init__(", ".join(warnings))


class TooManyLookups(Exception):
    """This user has searched for patients of elsewhere too often within the hour."""


class TooManyAttempts(Exception):
    """No try is left against this subject; there will be one after ``retry_after``."""

    def __init__(self, retry_after: dt.timedelta) -> None:
        """Keep the wait."""
        self.retry_after = retry_after
        super().__init__(_("Too many attempts. Try again later."))


class KeyReused(Exception):
    """An idempotency key came with another request than the first time."""


class ClaimRefused(Exception):
    """The code or the birth date is wrong, or the code no longer good: nobody learns which."""
