"""What the pages of the teams that run VaxPass share: supply, clinics, figures."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from records import access

P = ParamSpec("P")
M = TypeVar("M", bound=Model)
SHOWN = 50
"""Rows of a list on one page."""


def staff_page(
    *permissions: str,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Make a page for who holds all ``permissions`` of the records application.

    403 for others, decided before any look-up; 404 for what is out of sight.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @functools.wraps(view)
        def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user: Any = request.user
            if not user.has_perms([f"records.{name}" for name in permissions]):
                raise PermissionDenied(_("This page is not for this role."))
            try:
                return view(request, *args, **kwargs)
            except access.OutOfSight as error:
                raise Http404 from error

        return page

    return decorate


def one_of(rows: QuerySet[M], public_id: UUID) -> M:
    """Return the record with this identifier among ``rows``; raise ``OutOfSight``."""
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise access.OutOfSight(f"{rows.model.__name__} not found.")
    return found


def page_of(rows: QuerySet[M], order: str, after: str) -> tuple[list[M], str]:
    """Return one page of a list, and where the next one starts: empty at the end.

    ``order`` is a column, with ``-`` for downwards; equal ones go by ``id``, the same way.
    ``after`` is the public id of the last record of the page before; one that is none starts
    the list anew.
    """
    sign, column = ("-", order[1:]) if order.startswith("-") else ("", order)
    ordered = rows.order_by(order, f"{sign}id")
    try:
        last: Any = rows.filter(public_id=UUID(after)).first()
    except ValueError:
        last = None
    if last is not None:
        beyond = "lt" if sign else "gt"
        value = getattr(last, column)
        # One bound for both, which an index on the column can follow.
        later = Q(**{f"{column}__{beyond}": value}) | Q(**{f"id__{beyond}": last.pk})
        ordered = ordered.filter(later, **{f"{column}__{beyond}e": value})
    found: list[Any] = list(ordered[: SHOWN + 1])
    more = len(found) > SHOWN
    return found[:SHOWN], str(found[SHOWN - 1].public_id) if more else ""


def warn_stale(request: HttpRequest) -> None:
    """Say that somebody was faster; the page that follows shows how it is now."""
    text = _("Somebody changed this in the meantime. Nothing of yours was saved; look again.")
    messages.warning(request, text)
