"""The settings of a server that dies when a request tells it to: before or after the commit."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from vaxpass.settings import *  # noqa: F403
from vaxpass.settings import MIDDLEWARE

HEADER = "X-Die"
MIDDLEWARE = ["tests.records.api.mortal_settings.Mortal", *MIDDLEWARE]


def die() -> None:
    """Kill all processes of this server at once."""
    os.killpg(0, signal.SIGKILL)


def die_after_the_event(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """Run a statement; die if it was the last one of a write, which tells the outbox."""
    result = execute(sql, params, many, context)
    if sql.startswith("INSERT") and "records_outboxevent" in sql:
        die()
    return result


class Mortal:
    """Die in the middle of the transaction, or when its answer is ready."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on and obey its header."""
        when = request.headers.get(HEADER)
        if when == "before commit":
            with connection.execute_wrapper(die_after_the_event):
                return self.get_response(request)
        response = self.get_response(request)
        if when == "after commit":
            die()
        return response
