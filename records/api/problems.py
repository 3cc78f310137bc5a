"""Every refusal of the API as problem details (RFC 9457), with one entry per field."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.exceptions import PermissionDenied as Forbidden
from django.db import IntegrityError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework import exceptions, status
from rest_framework.response import Response

from records.access import OutOfSight
from records.api.bounds import MOST_SECONDS, is_timeout
from records.domain.boxes import BoxLocked
from records.domain.errors import (
    ConfirmationRequired,
    KeyReused,
    StaleVersion,
    TooManyAttempts,
    TooManyLookups,
)
from records.wording import Text

CONTENT_TYPE = "application/problem+json"
TYPE = "urn:vaxpass:problem:{}"
HOUR = 60 * 60
MOST_ERRORS = 100
LONGEST_NAME = 200
# What collides with a row that is there, and not with a rule.
CONFLICTS = frozenset({"taken", "number_taken", "protected", "unique"})


class Problem(exceptions.APIException):
    """A refusal with a type of its own; ``extra`` are its extension members."""

    def __init__(self, kind: str, status_code: int, detail: Text, **extra: Any) -> None:
        """``kind`` is the last part of the type, in kebab-case."""
        super().__init__(detail, code=kind)
        self.kind = kind
        self.status_code = status_code
        self.extra = extra


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem that tells of an exception; None for one that is a fault of ours."""
    problem = to_problem(error)
    if problem is None:
        return None
    request = context.get("request")
    # DRF has renders to choose from only where it got as far as choosing.
    if request is not None and not hasattr(request, "accepted_renderer"):
        view = context["view"]
        request.accepted_renderer, request.accepted_media_type = (
            view.get_renderers()[0],
            "application/json",
        )
    body = {
        "type": TYPE.format(problem.kind),
        "title": problem.kind.replace("-", " ").capitalize(),
        "status": problem.status_code,
        "detail": str(problem.detail),
        **problem.extra,
    }
    response = Response(body, problem.status_code, content_type=CONTENT_TYPE)
    for name, value in _headers(error).items():
        response[name] = value
    return response


def to_problem(error: Exception) -> Problem | None:
    """Return the problem that tells of an exception; None for one that is a fault of ours."""
    match error:
        case Problem():
            return error
        case Http404() | OutOfSight() | exceptions.NotFound():
            return Problem(
                "not-found", status.HTTP_404_NOT_FOUND, _("There is no such thing here.")
            )
        case Forbidden() | exceptions.PermissionDenied():
            return Problem("forbidden", status.HTTP_403_FORBIDDEN, str(error) or _("Not allowed."))
        case ValidationError():
            return _invalid(_entries(error))
        case exceptions.ValidationError():
            return _invalid(nested_entries(error.get_full_details()))
        case ConfirmationRequired():
            warnings = [{"code": code, "detail": text} for code, text in error.warnings.items()]
            return Problem(
                "confirmation-required",
                status.HTTP_409_CONFLICT,
                _("A person has to judge this. Send it again with these codes in `confirmed`."),
                warnings=warnings,
            )
        case StaleVersion():
            return Problem(
                "stale-version",
                status.HTTP_412_PRECONDITION_FAILED,
                str(error),
                current_version=error.current.version,
            )
        case BoxLocked():
            detail = _("What was signed cannot be opened now: the server lacks its key.")
            return Problem("locked", status.HTTP_503_SERVICE_UNAVAILABLE, detail)
        case KeyReused():
            return Problem("key-reused", status.HTTP_422_UNPROCESSABLE_ENTITY, str(error))
        case TooManyAttempts() | TooManyLookups():
            detail = str(error) or _("Too many searches within the hour.")
            return Problem("too-many-tries", status.HTTP_429_TOO_MANY_REQUESTS, detail)
        case OperationalError() if is_timeout(error):
            detail = _(
                "This would take longer than %(most_seconds)s seconds to find. Ask for "
                "less: of a patient, a clinic or a lot, for fewer days, or without an "
                "order."
            ) % {"most_seconds": MOST_SECONDS}
            return Problem("too-broad", status.HTTP_422_UNPROCESSABLE_ENTITY, detail)
        case IntegrityError():
            detail = _("Another record stands against this; read again what there is.")
            return Problem("conflict", status.HTTP_409_CONFLICT, detail)
        case exceptions.APIException():
            kind = str(error.default_code).replace("_", "-")
            return Problem(kind, error.status_code, str(error.detail))
    return None


def _invalid(entries: Iterable[dict[str, Any]]) -> Problem:
    errors, more = first(entries)
    left_out = ""
    if more:
        left_out = " " + ngettext(
            "%(more)s more error is left out.", "%(more)s more errors are left out.", more
        ) % {"more": more}
    if errors and all(entry["code"] in CONFLICTS for entry in errors):
        detail = _("What is there already stands against this.") + left_out
        return Problem("conflict", status.HTTP_409_CONFLICT, detail, errors=errors)
    detail = _("Some fields are wrong; nothing was changed.") + left_out
    return Problem("invalid", status.HTTP_422_UNPROCESSABLE_ENTITY, detail, errors=errors)


def first(entries: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Return the first of these errors, and how many more there are.

    An answer does not grow with what was sent: names of fields are cut as well.
    """
    found = iter(entries)
    errors = list(islice(found, MOST_ERRORS))
    for entry in errors:
        entry["field"] = entry["field"] and entry["field"][:LONGEST_NAME]
    return errors, sum(1 for _ in found)


def _entries(error: ValidationError) -> Iterator[dict[str, Any]]:
    """Yield what a domain function found, one entry per error; ``field`` is None for the whole."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}
    for field, errors in by_field.items():
        for item in errors:
            yield {
                "field": None if field in ("", NON_FIELD_ERRORS) else field,
                "code": item.code or "invalid",
                "detail": " ".join(item.messages),
            }


def nested_entries(details: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Yield what a serializer found, which nests as its fields do: ``rows.3.lot``."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield {"field": path or None, "code": details["code"], "detail": str(details["message"])}
        return
    whole = not isinstance(details, dict)
    for name, part in enumerate(details) if whole else details.items():
        below = path if whole or name == "non_field_errors" else f"{path}.{name}".lstrip(".")
        if whole and isinstance(part, dict) and set(part) != {"message", "code"}:
            below = f"{path}.{name}".lstrip(".")
        yield from nested_entries(part, below)


def _headers(error: Exception) -> dict[str, str]:
    if header := getattr(error, "auth_header", None):
        return {"WWW-Authenticate": header}
    wait = getattr(error, "wait", None)
    if isinstance(error, TooManyAttempts):
        wait = error.retry_after.total_seconds()
    elif isinstance(error, TooManyLookups):
        wait = HOUR
    return {} if wait is None else {"Retry-After": str(math.ceil(wait))}
