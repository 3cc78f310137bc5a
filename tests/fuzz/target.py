"""Where the requests go: the matrix's world, in which every request is taken back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from django.core.cache import cache
from django.db import connection

from records.api import throttles
from records.api.urls import router
from records.models import Record
from tests.matrix import expect
from tests.matrix.walk import taken_back
from tests.matrix.world import World

WRITE = re.compile(r"\s*(INSERT|REPLACE|UPDATE|DELETE)\b", re.IGNORECASE)
PROBLEM, JSON, HTML = "application/problem+json", "application/json", "text/html; charset=utf-8"
# Whoever sees a dose here sees who gave it.
GIVEN_BY = re.compile(r"/passport|/Immunization|everything")
# Written by a refused request for good reason: tries and reads are counted and audited.
COUNTED = {"records_auditentry", "records_attemptcounter", "django_session"}


@dataclass
class Target:
    """A world, what is in it, and what was found wrong so far."""

    world: World
    known: dict[str, dict[str, int]] = field(default_factory=dict)
    """By kind of record: the version by public id."""
    sent: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    """What is wrong, by a name of its kind; the request that showed it first."""
    rows: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> Target:
        """Return the target that a world is."""
        known = {}
        for model in Record.__subclasses__():
            rows: Any = model
            found = rows.objects.values_list("public_id", "version")
            known[model.__name__.lower()] = {str(key): version for key, version in found}
        return cls(world, known, rows=_rows())

    def blame(self, fault: str, request: str) -> None:
        """Note a fault unless one of its kind is known."""
        self.faults.setdefault(fault, request)

    def send(
        self, actor: str, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Any:
        """Send a request, look at what every answer must keep, and return the answer."""
        client = self.world.clients[actor]
        cookies = SimpleCookie({name: morsel.value for name, morsel in client.cookies.items()})
        told = f"{actor}: {method} {path[:300]} {dict(headers)} {body[:300]!r}"
        given = dict(headers)
        kind = given.pop("Content-Type", "")
        with taken_back(), connection.execute_wrapper(watch := Watch()):
            answer = client.generic(method, path, body, content_type=kind, headers=given)
            content = answer.getvalue() if answer.streaming else answer.content
            changed = self._changed() if answer.status_code >= 400 and watch.wrote else set()
        client.cookies = cookies
        cache.clear()
        throttles._tally.clear()
        self.sent[actor] += 1
        self.statuses[answer.status_code] += 1
        route = f"{method} {_shown(path)}"
        if answer.status_code >= 500:
            self.blame(f"{route}: {answer.status_code}", told)
        if answer.status_code >= 400 and content and answer["Content-Type"] not in _refusals(path):
            self.blame(f"{route}: {answer.status_code} as {answer['Content-Type']}", told)
        if changed:
            self.blame(f"{route}: {answer.status_code} changed {sorted(changed)}", told)
        asked = (path + str(headers)).encode() + body
        for word in self._hidden(actor, path):
            if word in content and word not in asked:
                self.blame(f"{actor}: {route}: leaks {word.decode()}", told)
        return answer

    def _changed(self) -> set[str]:
        now = _rows()
        return {table for table in now if now[table] != self.rows[table]} - COUNTED

    def _hidden(self, actor: str, path: str) -> set[bytes]:
        marks = {
            whose: words
            for whose, words in self.world.marks.items()
            if actor not in expect.READERS.get(whose, ())
        }
        if GIVEN_BY.search(path):
            marks.pop("staff", None)
        return set().union(*marks.values())


class Watch:
    """Notice whether anything is written."""

    wrote = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Pass the statement on."""
        self.wrote = self.wrote or WRITE.match(sql) is not None
        return execute(sql, params, many, context)


def _refusals(path: str) -> tuple[str, ...]:
    if path.startswith("/api/"):
        return (PROBLEM,)
    # A wrong host is refused before anybody looks at the address; OAuth has ways of its own.
    return (PROBLEM, "application/fhir+json") if path.startswith("/fhir/") else (JSON, HTML)


def _rows() -> dict[str, int]:
    """Return a checksum of every table's rows."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = hash(frozenset(map(str, cursor.fetchall())))
    return found


def _shown(path: str) -> str:
    """Return a path without what differs between two requests."""
    plain = re.sub(r"[0-9a-f-]{36}", "{id}", path.partition("?")[0])
    return plain if re.fullmatch(r"[\w/{}.$-]{1,80}", plain) else "(an odd address)"


def kind_of(path: str, name: str) -> str:
    """Return the kind of record that a parameter of a path in the document names."""
    if name != "id":
        return "patient" if name == "survivor" else name
    registered: list[Any] = router.registry
    fitting = [
        (len(prefix), view.model.__name__.lower())
        for prefix, view, _basename in registered
        if path.startswith("/api/v1/" + prefix.replace("<uuid:", "{").replace(">", "}"))
    ]
    return max(fitting, default=(0, ""))[1]
