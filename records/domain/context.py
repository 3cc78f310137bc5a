"""What the audit needs to know of a request without every function passing it on."""

from __future__ import annotations

from contextvars import ContextVar

channel: ContextVar[str] = ContextVar("channel", default="command")
"""How the act came in: ``web``, ``admin``, ``api`` or ``command``."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request's identifier, which also stands in the log."""

read_patients: ContextVar[set[int] | None] = ContextVar("read_patients", default=None)
"""Keys of the patients whom this request has read already; None outside a request."""
