"""Walks the table's cells: asks for each, and says what is not as the table expects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

from django.db import connection, transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.matrix import expect
from tests.matrix.expect import ENROL, NOBODY, SIGN_IN, Api, Page
from tests.matrix.world import ABSENT_ID, ABSENT_KEY, World, tables

SAFE = ("GET", "HEAD", "OPTIONS")
METHODS = (*SAFE, "POST", "PUT", "PATCH", "DELETE")
ABSENT = "absent"
WRITE = re.compile(r"\s*(INSERT INTO|REPLACE INTO|UPDATE|DELETE FROM)\s+[`\"]?(\w+)", re.IGNORECASE)
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')
# What differs between any two answers.
PASSING = {"X-Request-ID", "Date", "Set-Cookie"}


@dataclass(frozen=True)
class Cell:
    """One request of one actor: a page, a method, and the case of the object it names."""

    name: str
    page: Page
    actor: str
    method: str
    case: str

    def __str__(self) -> str:
        what = f" {self.case}" if self.case else ""
        return f"{self.actor}: {self.method} {self.name}{what}"


def urls() -> dict[str, str]:
    """Return the route of every URL by its name, or by the route itself where it has no name."""
    found: dict[str, str] = {}
    for name, route in _urls(get_resolver(), "", ""):
        assert found.setdefault(name, route) == route, f"two routes are called {name}"
    return found


def _urls(resolver: Any, space: str, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _urls(entry, inner, route)
        elif isinstance(entry, URLPattern):
            yield (space + entry.name if entry.name else route), route


def cells(world: World, name: str, page: Page) -> Iterator[Cell]:
    """Return the cells of a page: the absent object first, which the others are compared with."""
    for actor in world.clients:
        for method in METHODS:
            for case in _cases(world, page, actor, method):
                yield Cell(name, page, actor, method, case)


def _cases(world: World, page: Page, actor: str, method: str) -> list[str]:
    """Return every case for who has the operation; one object where no look-up comes first."""
    if not page.about:
        return [""]
    cases = list(world.objects[page.about])
    if page.operation(method) is None:
        return cases[:1]
    if page.may(actor, method) and method != "HEAD":
        return [ABSENT, *cases]
    return [ABSENT, *cases[:1]]


def address(world: World, cell: Cell) -> str:
    """Return where the cell's request goes."""
    page = cell.page
    found = world.objects[page.about].get(cell.case) if page.about else None
    if page.address is not None:
        return page.address(found)
    if not page.about:
        return reverse(cell.name, kwargs=dict(page.kwargs))
    if page.by == "pk":
        key: Any = found.pk if found else ABSENT_KEY
    else:
        key = found.public_id if found else ABSENT_ID
    if "<" in cell.name:  # a URL without a name
        return "/" + re.sub(r"<[^>]+>", str(key), cell.name)
    return reverse(cell.name, args=[key])


@dataclass
class Answer:
    """What came back: a status word or number, all bytes, and which tables were written."""

    status: str | int
    text: bytes
    headers: dict[str, str]
    written: set[str]


def ask(world: World, cell: Cell) -> Answer:
    """Send the cell's request and take back all that it wrote."""
    page = cell.page
    if not isinstance(page, Api) or cell.method in ("GET", "HEAD"):
        return send(world, cell.actor, cell.method, address(world, cell))
    found = world.objects[page.about].get(cell.case) if page.about else None
    headers = {
        "If-Match": f'"{getattr(found, "version", 1)}"',
        "Idempotency-Key": "matrix",
    }
    return send(
        world,
        cell.actor,
        cell.method,
        address(world, cell),
        {name: _named(world, value) for name, value in page.body.items()},
        headers=headers,
        content_type="application/json",
    )


def _named(world: World, value: Any) -> Any:
    return world.objects[value[0]][value[1]].public_id if isinstance(value, tuple) else value


def send(
    world: World,
    actor: str,
    method: str,
    path: str,
    data: Mapping[str, Any] | None = None,
    *,
    keep: bool = False,
    **more: Any,
) -> Answer:
    """Send a request as an actor and take back all that it wrote, unless it is to be kept."""
    client = world.clients[actor]
    cookies = SimpleCookie({name: morsel.value for name, morsel in client.cookies.items()})
    with nullcontext() if keep else taken_back(), _watched() as written:
        response = getattr(client, method.lower())(path, data or {}, **more)
        body = b"".join(response.streaming_content) if response.streaming else response.content
    client.cookies = cookies
    text = TOKEN.sub(b"", body)
    headers = {name: value for name, value in response.items() if name not in PASSING}
    for own in (path, quote(path)):  # what the asker has said is no answer
        text = text.replace(own.encode(), b"")
        headers = {name: value.replace(own, "") for name, value in headers.items()}
    return Answer(_status(response), text, headers, written)


@contextmanager
def taken_back() -> Iterator[None]:
    """Roll back whatever is written within, as Django's own test cases do."""
    block: Any = transaction.atomic()
    block._from_testcase = True  # so that `durable=True` is no error in there
    with block:
        yield
        transaction.set_rollback(True)


@contextmanager
def _watched() -> Iterator[set[str]]:
    written: set[str] = set()
    own = tables()

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if (found := WRITE.match(sql)) and found[2] in own:
            written.add(found[2])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield written


def _status(response: Any) -> str | int:
    if response.status_code in (301, 302):
        target = urlsplit(response["Location"]).path
        if target in (reverse("account_login"), reverse("admin:login")):
            return SIGN_IN
        if target == expect.ENROLMENT:
            return ENROL
    return int(response.status_code)


def faults(world: World, name: str, page: Page) -> tuple[int, list[str]]:
    """Return how many cells a page has, and a line for each that is not as it should be."""
    walked = list(walk(world, name, page))
    return len(walked), [fault for found in walked for fault in found]


def walk(world: World, name: str, page: Page) -> Iterator[list[str]]:
    """Ask for a page's cells one after the other and return what is wrong with each."""
    absent: dict[tuple[str, str], Answer] = {}
    for cell in cells(world, name, page):
        answer = ask(world, cell)
        if cell.case == ABSENT:
            absent[cell.actor, cell.method] = answer
        yield [f"{cell}: {fault}" for fault in _faults(world, cell, answer, absent)]


def _faults(
    world: World, cell: Cell, answer: Answer, absent: dict[tuple[str, str], Answer]
) -> Iterator[str]:
    expected = cell.page.expected(cell.actor, cell.method, cell.case)
    if answer.status != expected:
        yield f"{answer.status} instead of {expected}"
    shown = cell.page.shows if isinstance(cell.page, Api) else NOBODY
    yield from leaks(world, cell.actor, answer, shown)
    refused = expected in (401, 403, 404, 405, 422, SIGN_IN, ENROL)
    traced = not refused or cell.actor in expect.TRACED
    allowed = expect.READS_WRITE if traced else expect.COUNTED
    if isinstance(cell.page, Api):
        allowed |= expect.TAKEN_BACK
    if (refused or cell.method in SAFE) and (more := answer.written - allowed):
        yield f"wrote {', '.join(sorted(more))}"
    if expected == 404 and cell.case not in ("", ABSENT):
        other = absent[cell.actor, cell.method]
        if (answer.text, answer.headers) != (other.text, other.headers):
            yield "differs from the answer for an absent object"


def leaks(
    world: World, actor: str, answer: Answer, shown: frozenset[str] = NOBODY
) -> Iterator[str]:
    """Return what stands in an answer of people whom the actor may not see."""
    text = answer.text + " ".join(answer.headers.values()).encode()
    for whose, words in world.marks.items():
        if whose in shown or actor in expect.READERS.get(whose, ()):
            continue
        for word in words:
            if word in text:
                yield f"leaks {word.decode()} of {whose}"
