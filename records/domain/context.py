"""What the audit needs to know of a request without every function passing it on."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

T = TypeVar("T")

channel: ContextVar[str] = ContextVar("channel", default="command")
"""How the act came in: ``web``, ``admin``, ``api``, ``link`` (a shared one) or ``command``."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request's identifier, which also stands in the log."""

read_patients: ContextVar[set[int] | None] = ContextVar("read_patients", default=None)
"""Keys of the patients whom this request has read already; None outside a request."""


def in_this_context(parts: Iterator[T]) -> Iterator[T]:
    """Run an iterator where the request's id and channel are still known.

    The body of a streamed answer is made after the middleware has forgotten them.
    """
    context = copy_context()
    end = object()

    def following() -> Any:
        return next(parts, end)

    def stream() -> Iterator[T]:
        while (part := context.run(following)) is not end:
            yield part

    return stream()
