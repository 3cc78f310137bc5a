"""What the tests of the clinic's forms share."""

from typing import Any

from django.test import Client

from records.models import Patient

NOBODY = "00000000-0000-4000-8000-000000000000"


def path_of(patient: Patient, tail: str = "record") -> str:
    return f"/clinic/patients/{patient.public_id}/{tail}"


def filled(client: Client, path: str, **fields: Any) -> dict[str, Any]:
    """Return what a browser sends from the form at ``path``: its own values, then ``fields``."""
    form = client.get(path).context["form"]
    data = {}
    for field in form:
        value = field.value()
        data[field.name] = getattr(value, "public_id", value)
    data |= fields
    return {name: value for name, value in data.items() if value is not None}
