"""How long a statement of a read may take: who asks too broadly is told so, in a short while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection
from rest_framework.permissions import SAFE_METHODS

MOST_SECONDS = 2
# Executed by MariaDB only: to MySQL and SQLite it is a comment.
BOUND = "/*M! SET STATEMENT max_statement_time={} FOR */ "
TIMED_OUT = 1969  # ER_STATEMENT_TIMEOUT


@contextmanager
def bounded(method: str | None) -> Iterator[None]:
    """Within this block, let no SELECT of a read take longer than ``MOST_SECONDS``."""
    if method not in SAFE_METHODS:
        yield
        return
    with connection.execute_wrapper(_bound):
        yield


def is_timeout(error: OperationalError) -> bool:
    """Tell whether a statement was ended because it took too long."""
    return error.args[:1] == (TIMED_OUT,)


def _bound(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    if sql.lstrip("(").startswith("SELECT"):
        sql = BOUND.format(MOST_SECONDS) + sql
    return execute(sql, *rest)
