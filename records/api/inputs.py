"""What a request may hold: base classes of its serializers.

They turn JSON into values of the right type; every rule is the domain's.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError


class Input(serializers.Serializer[Any]):
    """A body whose fields are all known."""

    def get_fields(self) -> dict[str, Any]:
        """Return fields of this request's own; to build them from a model takes far longer.

        Where it is known what was sent, what may be missing and is leaves no trace.
        """
        fields, sent = _fields_of(type(self)), getattr(self, "initial_data", None)
        if isinstance(sent, dict):
            fields = {name: field for name, field in fields.items() if name in sent or _acts(field)}
        return {name: _own(field) for name, field in fields.items()}

    def to_internal_value(self, data: Any) -> Any:
        """Refuse every field that is not declared, and every value of another type."""
        if isinstance(data, dict):
            if unknown := sorted(data.keys() - _fields_of(type(self)).keys()):
                errors = {name: [_("This field cannot be set here.")] for name in unknown}
                raise ValidationError(errors, code="unknown")
            fields = self.fields
            if wrong := [name for name in data if not _is_of_type(fields[name], data[name])]:
                errors = {name: [_("This is of the wrong type.")] for name in wrong}
                raise ValidationError(errors, code="invalid")
        return super().to_internal_value(data)


@cache
def _fields_of(kind: type[Input]) -> dict[str, Any]:
    return super(Input, kind()).get_fields()


def _acts(field: Any) -> bool:
    """Tell whether a field does something where nothing was sent for it."""
    return field.required or field.default is not serializers.empty


def _own(field: Any) -> Any:
    """Return a copy to bind to a serializer; what is below a field has to be bound to it too."""
    is_leaf = not isinstance(field, serializers.BaseSerializer | serializers.ManyRelatedField)
    if is_leaf and not hasattr(field, "child"):
        return copy.copy(field)
    return copy.deepcopy(field)


def _is_of_type(field: Any, value: Any) -> bool:
    """Tell whether JSON's own type is what the field holds; the library would turn 5 into "5"."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return all(_is_of_type(field.child, each) for each in value)
    if value is None:
        return True  # the field says whether it may be
    if isinstance(field, serializers.CharField):
        return isinstance(value, str)
    if isinstance(field, serializers.IntegerField):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return not isinstance(field, serializers.BooleanField) or isinstance(value, bool)


class Nothing(Input):
    """An empty body."""


class Reason(Input):
    """Why something is corrected, in the words of who does it."""

    reason = serializers.CharField(max_length=500, help_text="Why; stays in the history.")


class End(Input):
    """The end of what holds for a while."""

    ends_on = serializers.DateField(help_text="Last day.")


def changes(values: dict[str, Any], *other: str) -> dict[str, Any]:
    """Return what a partial update changes: all that was sent but the reason and ``other``."""
    return {name: value for name, value in values.items() if name not in ("reason", *other)}
