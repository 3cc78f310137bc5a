"""The history of a record: every version with who, when, why and what differed.

Who may read it is the permission ``view_historical<kind>``, as in the admin.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from records.api.base import Resource
from records.api.paging import limit_of
from records.domain.reading import HISTORY, named_by, note_read
from records.history import VersionChanges, changes_of
from records.models import OPEN_ENDED

BEFORE = "before_version"


class ChangeShape(serializers.Serializer[Any]):
    """One field that a version changed; the values as people read them, empty for unknown."""

    field = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class VersionShape(serializers.Serializer[Any]):
    """One version of a record."""

    version = serializers.IntegerField()
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(allow_null=True, help_text="Not including; null: current.")
    changed_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    changes = ChangeShape(many=True, help_text="Against the version before; the first has none.")


class HistoryShape(serializers.Serializer[Any]):
    """A part of a history, newest version first; ``next`` is where it goes on."""

    results = VersionShape(many=True)
    next = serializers.URLField(allow_null=True)


class WithHistory(Resource):
    """A resource whose records tell their history."""

    def needs_any(self) -> tuple[str, ...]:
        """Ask for the permission of history where that is read."""
        if self.action == "history":
            return (f"view_historical{self.model._meta.model_name}",)
        return super().needs_any()

    def parameters(self) -> frozenset[str]:
        """Return the names that the query of this action may hold."""
        if self.action == "history" and self.request.method in ("GET", "HEAD"):
            return frozenset({"limit", BEFORE})
        return super().parameters()

    def get_serializer_class(self) -> Any:
        """Return what describes the request's body, or the answer of a read."""
        return HistoryShape if self.action == "history" else super().get_serializer_class()

    @action(detail=True, methods=["get"], filter_backends=(), pagination_class=None)
    def history(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the versions of a record, newest first, with who, when, why and what changed."""
        limit = limit_of(request.query_params.get("limit"))
        before = _before(request.query_params.get(BEFORE))
        record = self.get_object()
        # One more than the page holds tells whether the history goes on.
        entries = changes_of(record, before=before, limit=limit + 1)
        more, entries = len(entries) > limit, entries[:limit]
        shown = [record, *(entry.version for entry in entries)]
        note_read(by=request.user, patients=named_by(shown), what=HISTORY)
        link = None
        if more:
            last = entries[-1].version.version
            link = replace_query_param(request.build_absolute_uri(), BEFORE, last)
        return Response({"results": self.told(record, entries), "next": link})

    def told(self, record: Any, entries: list[VersionChanges]) -> list[dict[str, Any]]:
        """Return versions of a record as an answer tells them."""
        return [_told(entry) for entry in entries]


def _told(entry: VersionChanges) -> dict[str, Any]:
    version = entry.version
    return {
        "version": version.version,
        "valid_from": version.history_date,
        "valid_to": None if version.valid_to == OPEN_ENDED else version.valid_to,
        "changed_by": str(version.history_user) if version.history_user else None,
        "reason": version.history_change_reason,
        "changes": [
            {"field": change.field, "before": change.before, "after": change.after}
            for change in entry.changes
        ],
    }


def _before(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise ValidationError({BEFORE: _("The number of a version.")})
    return int(text)
