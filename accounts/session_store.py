"""Sessions in the database, as Django keeps them; read at every request of a browser."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from records.statements import Select, stand_in

STAND_IN = "the key"


class SessionStore(db.SessionStore):
    """Django's own, but for the look-up by a statement that is compiled once."""

    def load(self) -> dict[str, Any]:
        """Return what the session holds; nothing, and a new key, for one that is gone."""
        rows = _living().fetch({"key": self.session_key, "now": timezone.now()})
        if not rows:
            self._session_key = None
            return {}
        held: dict[str, Any] = self.decode(rows[0][0])
        return held


@cache
def _living() -> Select:
    now = stand_in(dt.datetime, 0)
    rows = Session.objects.filter(session_key=STAND_IN, expire_date__gt=now)
    return Select(rows.order_by().values_list("session_data"), {"key": STAND_IN, "now": now})
