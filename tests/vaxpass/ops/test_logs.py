"""Logs name no person."""

import json
import logging
import sys
from types import SimpleNamespace

from vaxpass.ops.logs import JsonFormatter


def line(name: str, message: str, *args: object, **extra: object) -> str:
    record = logging.LogRecord(
        name, logging.ERROR, __file__, 1, message, args, exc_info=sys.exc_info()
    )
    record.__dict__.update(extra)
    return JsonFormatter().format(record)


def test_a_request_is_named_by_its_route() -> None:
    request = SimpleNamespace(method="GET", resolver_match=SimpleNamespace(route="s/<token>"))
    text = line("django.request", "Not Found: %s", "/s/secret", request=request, status_code=404)
    assert "secret" not in text
    assert json.loads(text)["route"] == "s/<token>"
    assert json.loads(text)["status"] == 404


def test_a_request_without_a_route_is_logged_without_its_path() -> None:
    text = line("django.security.DisallowedHost", "Invalid HTTP_HOST header: %r", "secret")
    assert "secret" not in text


def test_an_exception_is_named_by_type_and_place() -> None:
    try:
        try:
            raise KeyError("Duplicate entry 'Lovelace'")
        except KeyError as error:
            raise ValueError("Ada Lovelace") from error
    except ValueError:
        text = line("records", "Import failed")
    assert "Lovelace" not in text
    entry = json.loads(text)
    assert [link["type"] for link in entry["exception"]] == [
        "builtins.ValueError",
        "builtins.KeyError",
    ]
    assert "test_logs.py" in entry["exception"][0]["at"][0]
    assert entry["message"] == "Import failed"
