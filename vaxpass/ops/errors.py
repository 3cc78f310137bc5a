"""What is answered where something failed that nobody expected."""

from __future__ import annotations

import sys

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from records.domain import context

RETRY_AFTER = 10  # seconds
TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
# MariaDB and MySQL: too many connections, shutdown, waited too long for a lock, deadlock,
# read-only (another node takes over), killed. From 2000 on it is the client that lost the server.
GONE = frozenset({1040, 1053, 1203, 1205, 1213, 1226, 1290, 1836, 1927})
FROM_CLIENT = range(2000, 3000)
GONE_SQLITE = frozenset({"database is locked", "unable to open database file", "disk I/O error"})


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the database cannot be asked, and 500 for a fault of ours.

    The pages are made without the request: its user or session may be what failed. The number of
    the request stands in the log too.
    """
    if not is_gone(sys.exception()):
        return render(None, "500.html", {"request_id": context.request_id.get()}, status=500)
    response = render(None, "503.html", status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 413 to a form that is too much to read, and 400 to what cannot be understood."""
    too_much = request.method == "POST" and isinstance(exception, TOO_MUCH)
    return render(None, "413.html" if too_much else "400.html", status=413 if too_much else 400)


def is_gone(error: BaseException | None) -> bool:
    """Tell whether the database cannot be asked, rather than was asked something wrong."""
    if isinstance(error, InterfaceError):  # the driver found its connection closed
        return True
    if not isinstance(error, OperationalError) or not error.args:
        return False
    code = error.args[0]
    return code in GONE or code in FROM_CLIENT or code in GONE_SQLITE
