"""Choosers that tell similar records apart."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView


class RecordAutocomplete(AutocompleteJsonView):
    """Answers a chooser's search with what tells similar records apart."""

    def get_queryset(self) -> Any:
        """Show the related records that the labels name without a query each."""
        rows = super().get_queryset()
        return rows.prefetch_related(*getattr(self.model_admin, "list_prefetch", ()))

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        """Return the key and the label."""
        result: dict[str, str] = super().serialize_result(obj, to_field_name)
        describe = getattr(self.model_admin, "describe", str)
        return {**result, "text": describe(obj)}
