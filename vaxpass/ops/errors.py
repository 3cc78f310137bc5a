"""What is answered where something failed that nobody expected."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import server_error

RETRY_AFTER = 10  # seconds
# MariaDB and MySQL: too many connections, shutdown, waited too long for a lock, deadlock,
# read-only (another node takes over), killed. From 2000 on it is the client that lost the server.
GONE = frozenset({1040, 1053, 1203, 1205, 1213, 1226, 1290, 1836, 1927})
FROM_CLIENT = range(2000, 3000)
GONE_SQLITE = frozenset({"database is locked", "unable to open database file", "disk I/O error"})


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the database cannot be asked, and 500 for a fault of ours."""
    if not is_gone(sys.exception()):
        return server_error(request)
    response = render(None, "503.html", status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def is_gone(error: BaseException | None) -> bool:
    """Tell whether the database cannot be asked, rather than was asked something wrong."""
    if isinstance(error, InterfaceError):  # the driver found its connection closed
        return True
    if not isinstance(error, OperationalError) or not error.args:
        return False
    code = error.args[0]
    return code in GONE or code in FROM_CLIENT or code in GONE_SQLITE
