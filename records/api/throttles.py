"""How fast a client may ask: reads and writes, in a burst and for longer.

A client is a user through one application, or nobody from one network. The counts guard the
server's load and no secret, so they live in the cache; without it everybody passes. The window
is fixed: the next one opens at the full minute or hour of the clock.
"""

from __future__ import annotations

import ipaddress
import threading
from typing import Any

from django.core.cache import cache
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

# A process tells the cache of its requests by the hundredth part of what is allowed: asking
# Redis costs as much as a cached answer. So a limit is exceeded by 1 % a process at most.
PARTS = 100
MOST_CLIENTS = 10_000


class ClientRate(SimpleRateThrottle):
    """A limit on the requests of one client within a ``span``, for reads or for writes."""

    span: str

    def __init__(self) -> None:
        """Leave the rate open: the method decides it."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; tell whether it is within the limit."""
        self.scope = f"{'read' if request.method in SAFE_METHODS else 'write'}-{self.span}"
        most, seconds = self.parse_rate(self.get_rate())
        if most is None or seconds is None:
            return True
        window, passed = divmod(self.timer(), seconds)
        self.left = seconds - passed
        key = f"api.{self.scope}.{self._client(request)}.{window:.0f}"
        return _tally.add(key, max(most // PARTS, 1), seconds) <= most

    def wait(self) -> float:
        """Return the seconds until the next window."""
        return self.left

    def _client(self, request: Request) -> str:
        if request.user.is_authenticated:
            return f"{request.user.pk}.{getattr(request.auth, 'application_id', None) or 'session'}"
        return _network(self.get_ident(request) or "")


class Burst(ClientRate):
    """A short window: a minute, unless the site says otherwise."""

    span = "burst"


class Sustained(ClientRate):
    """A long window: an hour, unless the site says otherwise."""

    span = "sustained"


class Tally:
    """Counts of this process, told to the others from time to time through the cache."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, int]] = {}

    def add(self, key: str, step: int, seconds: int) -> int:
        """Count one more and return how many there are, of all processes as far as known.

        The others are told at the first and after each ``step``; what is counted is forgotten
        after twice the ``seconds``.
        """
        with self._lock:
            known, untold = self._counts.get(key, (0, step - 1))
            untold += 1
            due = untold >= step
            self._counts[key] = (known, 0 if due else untold)
            if len(self._counts) > MOST_CLIENTS:
                self._counts.clear()
        if not due:
            return known + untold
        first = known == 0
        total = _told(key, 1 if first else untold, 2 * seconds)
        with self._lock:
            _, since = self._counts.get(key, (0, 0))
            self._counts[key] = (total, since)
        return total

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._counts.clear()


_tally = Tally()


def _told(key: str, count: int, seconds: int) -> int:
    """Add to the shared count and return it; 0 without a cache."""
    for _ in range(2):
        try:
            return cache.incr(key, count)
        except ValueError:
            if cache.add(key, count, seconds):
                return count
    return 0


def _network(address: str) -> str:
    """Return an IPv4 address, or the /64 that an IPv6 address is in: one household's."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and not found.ipv4_mapped:
        return str(ipaddress.IPv6Network((found, 64), strict=False))
    return str(found)
