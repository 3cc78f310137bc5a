"""The shared cache: Redis, which may be gone, hang or be empty at any time."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0

# Until when each Redis is left alone; Django makes a cache object per thread, this is per process.
_resting_until: dict[str, float] = {}


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache that looks empty while Redis does not answer.

    After a failure this process leaves Redis alone for a few seconds, so that a hung Redis does
    not cost every request its timeout. A `delete` during an outage is lost: what is cached must
    carry its version in its key, or may be stale for its whole lifetime. Nothing that guards a
    password, a code or a right may be counted here.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._address = str(server)

    def _attempt(self, otherwise: Any, operation: Callable[..., Any], *args: Any) -> Any:
        if time.monotonic() < _resting_until.get(self._address, 0.0):
            return otherwise
        try:
            return operation(*args)
        except RedisError as error:
            _resting_until[self._address] = time.monotonic() + PAUSE_SECONDS
            logger.warning("The cache does not answer: %s", type(error).__name__)
            return otherwise

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Store a value unless there is one; without Redis nothing is stored."""
        return bool(self._attempt(False, super().add, key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return a value, or the default."""
        return self._attempt(default, super().get, key, default, version)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Store a value if Redis answers."""
        self._attempt(None, super().set, key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Prolong a value; False where there is none."""
        return bool(self._attempt(False, super().touch, key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Delete a value; False where there was none, or it may still be there."""
        return bool(self._attempt(False, super().delete, key, version))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        """Return the values that are there."""
        found: dict[Any, Any] = self._attempt({}, super().get_many, keys, version)
        return found

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Tell whether there is a value."""
        return bool(self._attempt(False, super().has_key, key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number; without Redis the key is missing, which is Django's ValueError."""
        number = self._attempt(None, super().incr, key, delta, version)
        if number is None:
            raise ValueError(f"Key '{key}' not found.")
        return int(number)

    def set_many(
        self, data: dict[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Store values; returns the keys that were not stored."""
        failed: list[Any] = self._attempt(list(data), super().set_many, data, timeout, version)
        return failed

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        """Delete values if Redis answers."""
        self._attempt(None, super().delete_many, keys, version)

    def clear(self) -> None:
        """Delete everything if Redis answers."""
        self._attempt(None, super().clear)
