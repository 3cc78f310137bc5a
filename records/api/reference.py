"""What clinics, manufacturers and vaccines have in common."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.conditions import seen_version
from records.api.exports import WithExport
from records.api.history import WithHistory
from records.api.inputs import Input, Reason, changes
from records.domain import reference

LIFE = ("retired_on", "effective_from")
TOLD = ("reason", "effective_from")


class Change(Reason):
    """A correction, or with ``effective_from`` something that happened outside on that day."""

    effective_from = serializers.DateField(
        required=False, help_text="First day of the new state; without it, it was always so."
    )


class Retirement(Reason):
    """The end of use."""

    retired_on = serializers.DateField(help_text="Last day of use.")


def needs_of(name: str) -> dict[str, tuple[str, ...]]:
    """Return the permissions of one kind of reference data, by action."""
    return {
        "list": (f"view_{name}",),
        "create": (f"add_{name}",),
        "partial_update": (f"change_{name}",),
        "retire": (f"retire_{name}",),
        "reinstate": (f"retire_{name}",),
    }


def inputs_of(new: type[Input], change: type[Input]) -> dict[str, Any]:
    """Return what the bodies of one kind of reference data hold, by action."""
    return {"create": new, "partial_update": change, "retire": Retirement, "reinstate": Reason}


class ReferenceResource(WithExport, WithHistory):
    """Reference data is corrected or changed, and retired instead of deleted."""

    scope = "reference"
    instead_of_delete = "retire"

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Correct a record, or change it from a day on."""
        record = self.get_object()
        version, values = seen_version(request), self.given()
        told = {
            "by": request.user,
            "record": record,
            "version": version,
            "reason": values.get("reason", ""),
            "changes": changes(values, "effective_from"),
        }
        if day := values.get("effective_from"):
            return self.done(lambda: reference.change(**told, effective_from=day))
        return self.done(lambda: reference.correct(**told))

    @action(detail=True, methods=["post"])
    def retire(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End the use of a record."""
        record = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: reference.retire(by=request.user, record=record, version=version, **values)
        )

    @action(detail=True, methods=["post"])
    def reinstate(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a retirement back."""
        record = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: reference.reinstate(by=request.user, record=record, version=version, **values)
        )
