"""A program that calls the API."""

from __future__ import annotations

import itertools
from typing import Any

from django.test import Client

V1 = "/api/v1/"
_keys = itertools.count(1)


class Caller:
    """One account, signed in, that sends JSON."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.client = Client()
        self.client.force_login(user)

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(_url(path), headers=_named(headers))

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        send = getattr(self.client, method)
        return send(
            _url(path), body or {}, content_type="application/json", headers=_named(headers)
        )

    def post(self, path: str, body: Any = None, *, key: str | None = "", **headers: str) -> Any:
        """Send a POST with a key of its own, with ``key``, or with None, without one."""
        if key is not None:
            headers["idempotency_key"] = key or f"key-{next(_keys)}"
        return self.send("post", path, body, **headers)

    def patch(self, path: str, body: Any, *, version: int | None) -> Any:
        headers = {} if version is None else {"if_match": f'"{version}"'}
        return self.send("patch", path, body, **headers)


def refused_fields(response: Any) -> dict[str | None, str]:
    """Return the code of each field that a problem names."""
    return {entry["field"]: entry["code"] for entry in response.json()["errors"]}


def _url(path: str) -> str:
    return path if path.startswith(("/", "http")) else f"{V1}{path}"


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
