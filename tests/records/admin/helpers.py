"""Forms as a browser would send them, and what a page says is wrong."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse


def url(record: Any, page: str = "change") -> str:
    """Return the address of one of a record's own pages."""
    meta = record._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=[record.pk])


def list_url(model: Any, page: str = "changelist") -> str:
    """Return the address of one of a model's pages."""
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}")


def form_of(response: Any) -> Any:
    """Return the form of an answer's page."""
    context = response.context
    return context["adminform"].form if "adminform" in context else context["form"]


def filled(client: Client, address: str) -> dict[str, Any]:
    """Return what the form at an address would send if nobody touched it."""
    form = form_of(client.get(address))
    data = {}
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        value = field.prepare_value(value)
        if value not in (None, "", False) and name != "confirmed":
            data[name] = value
    return data


def send(client: Client, address: str, **changes: Any) -> Any:
    """Open a form, change these fields and send it."""
    return client.post(address, {**filled(client, address), **changes})


def errors_of(response: Any) -> dict[str, list[str]]:
    """Return the errors of a page's form by field."""
    assert response.context is not None, f"no page but {response.status_code}"
    return dict(form_of(response).errors)
