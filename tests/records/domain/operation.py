"""One write of the domain, ready to be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Operation:
    """One domain function, how to call it, and what it has to leave behind.

    ``given`` makes what is needed and returns the arguments besides ``by``. ``roles`` may do it;
    ``fields`` are the names in the audit entry of ``event``.
    """

    function: Callable[..., Any]
    given: Callable[[], dict[str, Any]]
    roles: frozenset[str]
    event: str
    fields: frozenset[str]

    def __str__(self) -> str:
        return f"{self.function.__name__}-{self.event}"
