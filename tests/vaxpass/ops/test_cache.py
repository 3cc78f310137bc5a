"""Redis may be gone, hang or be empty: slower, never wrong, never an error."""

import os
import socket
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache.backends.base import BaseCache
from redis.backoff import NoBackoff
from redis.retry import Retry

from vaxpass.ops import cache as cache_module
from vaxpass.ops.cache import ForgivingRedisCache


def make_cache(url: str) -> BaseCache:
    options = {
        "socket_connect_timeout": 0.2,
        "socket_timeout": 0.2,
        "retry": Retry(NoBackoff(), 0),
    }
    return ForgivingRedisCache(url, {"OPTIONS": options})


@pytest.fixture(params=["gone", "hung"])
def broken(request: pytest.FixtureRequest) -> Iterator[BaseCache]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "hung":
            server.listen()  # connects, and never answers
        yield make_cache(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
    cache_module._resting_until.clear()


def test_a_broken_redis_is_an_empty_cache(broken: BaseCache) -> None:
    started = time.monotonic()
    broken.set("key", 1)
    assert broken.get("key", "default") == "default"
    assert broken.get_many(["key"]) == {}
    assert broken.set_many({"key": 1}) == ["key"]
    assert broken.add("key", 1) is False
    assert broken.touch("key") is False
    assert broken.delete("key") is False
    assert broken.has_key("key") is False
    assert broken.get_or_set("key", lambda: 5) == 5
    broken.delete_many(["key"])
    with pytest.raises(ValueError, match="not found"):
        broken.incr("key")
    # One timeout, then Redis is left alone.
    assert time.monotonic() - started < 1


def test_redis_is_asked_again_after_a_pause(
    broken: BaseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "PAUSE_SECONDS", 0.0)
    for _ in range(2):
        started = time.monotonic()
        assert broken.get("key") is None
        assert time.monotonic() - started < 1


@pytest.mark.skipif(not os.environ.get("CACHE_URL"), reason="needs CACHE_URL")
def test_a_real_redis_keeps_values() -> None:
    cache = make_cache(os.environ["CACHE_URL"])
    cache.set("number", 1)
    assert cache.incr("number") == 2
    assert cache.get_many(["number", "other"]) == {"number": 2}
    assert cache.delete("number") is True
    assert cache.get("number") is None
    assert settings.CACHES["default"]["BACKEND"].endswith("ForgivingRedisCache")
