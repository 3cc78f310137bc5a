"""Choosers that tell similar records apart."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView

from records.domain.reading import LIST, named_by, note_read


class RecordAutocomplete(AutocompleteJsonView):
    """Answers a chooser's search with what tells similar records apart."""

    def get_queryset(self) -> Any:
        """Show the related records that the labels name without a query each."""
        rows = super().get_queryset()
        return rows.prefetch_related(*getattr(self.model_admin, "list_prefetch", ()))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Note whom the answer names."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        note_read(by=self.request.user, patients=named_by(context["object_list"]), what=LIST)
        return context

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        """Return the key and the label."""
        result: dict[str, str] = super().serialize_result(obj, to_field_name)
        describe = getattr(self.model_admin, "describe", str)
        return {**result, "text": describe(obj)}
