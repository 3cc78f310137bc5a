"""How fast a client may ask; the counts are the cache's, which may be gone at any time."""

import os
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, RequestFactory
from redis.backoff import NoBackoff
from redis.retry import Retry

from records.api import throttles
from records.api.throttles import Burst, ClientRate, Sustained, Tally
from tests.records import factories as make
from tests.records.api.calling import Caller
from tests.records.api.conftest import Clock
from vaxpass.ops import cache as redis_cache

pytestmark = pytest.mark.django_db

NEVER = dict.fromkeys(("read-burst", "read-sustained", "write-burst", "write-sustained"))


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Any:
    def limit(**given: str) -> None:
        named = {name.replace("_", "-"): rate for name, rate in given.items()}
        monkeypatch.setattr(ClientRate, "THROTTLE_RATES", NEVER | named)

    return limit


def statuses(caller: Caller, count: int) -> list[int]:
    return [caller.get("clinics").status_code for _ in range(count)]


@pytest.fixture
def sales() -> Caller:
    return Caller(make.make_user("Sales"))


def test_too_many_reads_are_refused_until_the_next_minute(sales, rates, clock):
    rates(read_burst="3/m")
    clock.now += 45

    assert statuses(sales, 3) == [200, 200, 200]
    refused = sales.get("clinics")
    assert (refused.status_code, refused["Retry-After"]) == (429, "15")
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:vaxpass:problem:throttled"

    clock.now += 15
    assert statuses(sales, 1) == [200]


def test_longer_limit_holds_when_the_burst_is_over(sales, rates, clock):
    rates(read_burst="2/m", read_sustained="3/h")

    assert statuses(sales, 2) == [200, 200]
    clock.now += 60
    assert statuses(sales, 2) == [200, 429]
    clock.now += 60
    refused = sales.get("clinics")
    assert (refused.status_code, refused["Retry-After"]) == (429, str(3600 - 120))


def test_reads_do_not_use_up_the_writes(sales, rates):
    rates(read_burst="1/m", write_burst="1/m")

    assert statuses(sales, 2) == [200, 429]
    assert sales.post("clinics", {"code": "N1", "name": "North"}).status_code == 201
    assert sales.post("clinics", {"code": "N2", "name": "North"}).status_code == 429


def test_limit_of_one_client_is_not_that_of_another(sales, rates):
    rates(read_burst="2/m")
    other = Caller(make.make_user("Sales"))

    assert statuses(sales, 3) == [200, 200, 429]
    assert statuses(other, 3) == [200, 200, 429]


def test_two_applications_of_one_user_are_two_clients(rates):
    rates(read_burst="1/m")
    user = make.make_user("Sales")

    def is_let_through(application: int | None) -> bool:
        request: Any = RequestFactory().get("/api/v1/clinics")
        request.user = user
        request.auth = application and type("Token", (), {"application_id": application})()
        return Burst().allow_request(request, None)

    assert [is_let_through(name) for name in (None, 1, 2, None, 1, 2)] == [True] * 3 + [False] * 3


def test_nobody_is_counted_by_network(rates):
    rates(read_burst="1/m")

    def status(address: str) -> int:
        return Client(REMOTE_ADDR=address).get("/api/v1/schema").status_code

    assert [status("192.0.2.1"), status("192.0.2.1"), status("192.0.2.2")] == [200, 429, 200]
    near, far = "2001:db8:0:1::2", "2001:db8:0:2::1"
    assert [status("2001:db8:0:1::1"), status(near), status(far)] == [200, 429, 200]


def test_without_a_rate_nobody_waits(sales, rates):
    rates()

    assert set(statuses(sales, 20)) == {200}


def test_processes_share_one_count(clock):
    workers = [Tally() for _ in range(4)]

    totals = [worker.add("key", 5, 60) for _ in range(500) for worker in workers]

    # What the other three have not told yet is all that may lack.
    assert 2000 - 3 * 5 <= max(totals) <= 2000


def test_shared_count_is_asked_for_seldom(clock, monkeypatch):
    asked = []
    told = throttles._told
    monkeypatch.setattr(throttles, "_told", lambda *args: asked.append(args) or told(*args))
    tally = Tally()

    for _ in range(1000):
        tally.add("key", 100, 60)

    assert len(asked) <= 11


@pytest.fixture(params=["gone", "hung"])
def broken(
    request: pytest.FixtureRequest, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "hung":
            server.listen()  # connects, and never answers
        cache = _redis(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        monkeypatch.setattr(throttles, "cache", cache)
        yield
    redis_cache._resting_until.clear()


def _redis(url: str) -> redis_cache.ForgivingRedisCache:
    options = {
        "socket_connect_timeout": 0.2,
        "socket_timeout": 0.2,
        "retry": Retry(NoBackoff(), 0),
    }
    return redis_cache.ForgivingRedisCache(url, {"OPTIONS": options})


def test_without_redis_requests_pass(broken, sales, rates):
    rates(read_burst="2/m", read_sustained="2/h")

    assert set(statuses(sales, 10)) == {200}


@pytest.mark.skipif(not os.environ.get("CACHE_URL"), reason="needs CACHE_URL")
def test_with_redis_the_count_is_kept(sales, rates, clock, monkeypatch):
    # Not the one that other tests empty, and at an hour of its own.
    url = f"{os.environ['CACHE_URL'].rpartition('/')[0]}/15"
    monkeypatch.setattr(throttles, "cache", _redis(url))
    clock.now += 3600 * random.randrange(1_000_000)
    rates(read_burst="2/m")

    assert statuses(sales, 3) == [200, 200, 429]
    throttles._tally.clear()  # as another process would see it
    assert statuses(sales, 1) == [429]


def test_both_limits_are_in_force(settings):
    paths = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"]

    assert paths == [f"records.api.throttles.{kind.__name__}" for kind in (Burst, Sustained)]
