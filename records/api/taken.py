"""What a refused dose tells of others: its source and id may be those of a dose out of sight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError

from records.domain import lookup


@contextmanager
def counted(user: Any, given: Mapping[str, Any]) -> Iterator[None]:
    """Count a refusal that tells of a dose of elsewhere as the search that it is.

    ``given`` are the arguments of ``record_dose``, once the block has read them.
    """
    try:
        yield
    except ValidationError as error:
        found = error.error_dict.get("external_id", ()) if hasattr(error, "error_dict") else ()
        if any(item.code == "taken" for item in found):
            number = (given["external_source"], given["external_id"])
            lookup.note_dose_holders(by=user, taken={number: given["patient"]})
        raise
