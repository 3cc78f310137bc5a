"""Pages of a list whose length nobody counts."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet
from django.utils.formats import number_format

COUNTED = 1000


class CappedPaginator(Paginator):
    """A paginator that counts to a thousand and then stops.

    Counting a table of millions takes seconds and a far OFFSET reads all rows before it, so a
    long list ends after its first thousand rows; search and filters lead to the others.
    """

    @property
    def _rows(self) -> QuerySet[Any]:
        return cast(QuerySet[Any], self.object_list)

    @cached_property
    def count(self) -> int:
        """Return how many rows can be paged through: all, or the first thousand."""
        return min(self._counted, COUNTED)

    @cached_property
    def _counted(self) -> int:
        return self._rows.order_by()[: COUNTED + 1].count()

    @property
    def is_capped(self) -> bool:
        """Tell whether there are more rows than can be paged through."""
        return self._counted > COUNTED

    @cached_property
    def shown_count(self) -> str:
        """Return the count for people: exact, estimated, or "more than 1,000"."""
        if not self.is_capped:
            return number_format(self._counted, force_grouping=True)
        if estimate := self._estimate():
            return f"about {number_format(estimate, force_grouping=True)}"
        return f"more than {number_format(COUNTED, force_grouping=True)}"

    def _estimate(self) -> int | None:
        """Return MariaDB's own estimate of an unfiltered table, rounded to what it is worth."""
        rows = self._rows
        connection = connections[rows.db]
        if connection.vendor != "mysql" or rows.query.where:
            return None
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_rows FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_name = %s",
                [rows.model._meta.db_table],
            )
            estimate = cursor.fetchone()[0] or 0
        return round(estimate, 2 - len(str(estimate))) if estimate > COUNTED else None
