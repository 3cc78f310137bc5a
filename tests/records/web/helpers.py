"""What the tests of the clinic's forms share."""

import re
from typing import Any

from django.test import Client

from records.models import Patient

NOBODY = "00000000-0000-4000-8000-000000000000"


def path_of(patient: Patient, tail: str = "record") -> str:
    return f"/clinic/patients/{patient.public_id}/{tail}"


def code_on(page: str) -> str:
    """Return the one claim code that ``page`` shows; a part of a UUID can look like one."""
    [code] = re.findall(r"(?<![\w-])(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}(?![\w-])", page)
    return str(code)


def filled(client: Client, path: str, **fields: Any) -> dict[str, Any]:
    """Return what a browser sends from the form at ``path``: its own values, then ``fields``."""
    form = client.get(path).context["form"]
    data = {}
    for field in form:
        value = field.value()
        data[field.name] = getattr(value, "public_id", value)
    data |= fields
    return {name: value for name, value in data.items() if value is not None}
