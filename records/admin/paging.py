"""Pages of a list whose length nobody counts, read in as few statements as can be."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _

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
            return _("about %(number)s") % {"number": number_format(estimate, force_grouping=True)}
        return _("more than %(number)s") % {"number": number_format(COUNTED, force_grouping=True)}

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


class TwoStepList(ChangeList):
    """A list that seeks and sorts keys alone, and then reads their rows with what they name."""

    def get_results(self, request: HttpRequest) -> None:
        """Find the page that is shown."""
        super().get_results(request)
        keys = list(self.result_list.prefetch_related(None).values_list("pk", flat=True))
        rows = self.root_queryset.order_by()
        admin: Any = self.model_admin
        found = together(rows, admin.list_prefetch).in_bulk(keys)
        self.result_list = [found[key] for key in keys if key in found]


def together(rows: QuerySet[Any], paths: tuple[str, ...]) -> QuerySet[Any]:
    """Return few rows, sought by key, with what ``paths`` name: joined where that is one row."""
    single = [path for path in paths if _is_single(rows.model, path)]
    several = [path for path in paths if path not in single]
    joined = rows.select_related(*single) if single else rows
    return joined.prefetch_related(None).prefetch_related(*several)


def _is_single(model: type[Model], path: str) -> bool:
    for name in path.split("__"):
        field: Any = model._meta.get_field(name)
        if not (field.many_to_one or field.one_to_one):
            return False
        model = field.related_model
    return True
