"""Pages by cursor: where a page ends, the next one begins, whatever was inserted meanwhile.

A cursor holds the list and its order, the last row's value in it and the row's key, which makes
the order total. It is encrypted, since keys do not leave the system. A page costs the same wherever
it is.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from records.api.shapes import Row

USUAL, MOST = 50, 200
KEY = "id"  # unique, in history too among the versions of one moment
PARAMETERS = frozenset({"since", "before", "limit", "ordering"})


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list: a column that is never NULL, then the key; ``-`` for descending."""

    name: str
    column: str
    descending: bool

    @property
    def terms(self) -> tuple[str, ...]:
        """Return what ``order_by`` takes."""
        sign = "-" if self.descending else ""
        return tuple(f"{sign}{name}" for name in dict.fromkeys((self.column, KEY)))


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows: ``limit`` of them after or before a cursor, in an order."""

    order: Order
    limit: int
    back: bool = False
    # The value in the order and the key of the row where the page begins, going on or back.
    place: tuple[Any, int] | None = None

    @classmethod
    def of(cls, request: Request, orders: dict[str, str]) -> Page:
        """Return the page that a request asks for.

        ``orders`` maps the names that may be ordered by to columns; the first is the usual one.
        Raises ``ValidationError`` naming the parameter.
        """
        asked = request.query_params
        name = asked.get("ordering", next(iter(orders)))
        column = orders.get(name.removeprefix("-"))
        if column is None:
            raise ValidationError(
                {
                    "ordering": _("One of %(orders)s; “-” reverses it.")
                    % {"orders": ", ".join(orders)}
                }
            )
        order = Order(name, column, name.startswith("-"))
        return cls.at(request, order, limit_of(asked.get("limit")))

    @classmethod
    def at(cls, request: Request, order: Order, limit: int) -> Page:
        """Return the page after ``since``, before ``before``, or the first one."""
        asked = request.query_params
        since, before = asked.get("since"), asked.get("before")
        if since is not None and before is not None:
            raise ValidationError({"before": _("Name `since` or `before`, not both.")})
        if since is not None:
            return cls(order, limit, False, _read(request, order, "since"))
        if before is not None:
            return cls(order, limit, True, _read(request, order, "before"))
        return cls(order, limit)

    def cut(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of this page and one more, which tells whether the list goes on."""
        terms = self.order.terms
        if self.place is not None:
            rows = rows.filter(self._beyond(*self.place))
        if self.back:
            terms = tuple(
                term.removeprefix("-") if term[0] == "-" else f"-{term}" for term in terms
            )
        return rows.order_by(*terms)[: self.limit + 1]

    def find(self, rows: QuerySet[Any]) -> tuple[QuerySet[Any], bool]:
        """Return the rows of this page by their keys, and whether the list goes on after them.

        The keys are asked for first: many rows may be passed over until a page is full, and what
        an answer shows beside a row is then joined to those of the page alone.
        """
        cut = self.cut(rows)
        keys = list(cut.values_list(KEY, flat=True))
        page = rows.filter(**{f"{KEY}__in": keys[: self.limit]})
        return page.order_by(*cut.query.order_by), len(keys) > self.limit

    def wrap(
        self, request: Request, rows: Sequence[Row], more: bool | None = None
    ) -> dict[str, Any]:
        """Return the answer: the rows of this page, and where the list goes on.

        The rows keep the columns of the order. Unless ``more`` tells whether the list goes on in
        its direction, there is one more of them than belongs to the page where it does.
        """
        if more is None:
            more = len(rows) > self.limit
        rows = rows[: self.limit]
        if self.back:
            rows = rows[::-1]
            back, on = more and bool(rows), bool(rows)
        else:
            back, on = self.place is not None and bool(rows), more and bool(rows)
        return {
            "results": [row.shown for row in rows],
            "next": self._link(request, "since", rows[-1].kept) if on else None,
            "previous": self._link(request, "before", rows[0].kept) if back else None,
        }

    def _beyond(self, value: Any, key: int) -> Q:
        sign = "lt" if self.order.descending != self.back else "gt"
        beyond = Q(**{f"{KEY}__{sign}": key})
        if self.order.column == KEY:
            return beyond
        column = self.order.column
        # So written, one index condition finds the start (MariaDB takes no row comparison so).
        return Q(**{f"{column}__{sign}e": value}) & (Q(**{f"{column}__{sign}": value}) | beyond)

    def _link(self, request: Request, parameter: str, row: dict[str, Any]) -> str:
        value = row[self.order.column]
        content = orjson.dumps([_list(request, self.order), _plain(value), row[KEY]])
        cursor = _cipher().encrypt(content).decode()
        url = request.build_absolute_uri()
        for name in ("since", "before"):
            url = remove_query_param(url, name)
        return str(replace_query_param(url, parameter, cursor))


def _read(request: Request, order: Order, parameter: str) -> tuple[Any, int]:
    try:
        content = _cipher().decrypt(request.query_params[parameter].encode())
        name, value, key = orjson.loads(content)
    except (InvalidToken, ValueError, UnicodeEncodeError):
        name = None
    if name != _list(request, order):
        message = _("Take a cursor from `next` or `previous` of this list in this order.")
        raise ValidationError({parameter: message})
    return value, key


def _list(request: Request, order: Order) -> str:
    """Return what a cursor is good for: one list, in one order, of one user."""
    return f"{request.user.pk} {request.path} {order.name}"


def _plain(value: Any) -> Any:
    # orjson cuts no microsecond; the text is what the column is compared with.
    return value.isoformat() if isinstance(value, dt.date) else value


def limit_of(text: str | None) -> int:
    """Return how many rows ``?limit=`` asks for; raise ``ValidationError`` for no such number."""
    if text is None:
        return USUAL
    if not re.fullmatch("[1-9][0-9]{0,2}", text) or int(text) > MOST:
        raise ValidationError({"limit": _("A number from 1 to %(most)s.") % {"most": MOST}})
    return int(text)


@cache
def _cipher() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(f"records.api.cursor:{key}".encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
