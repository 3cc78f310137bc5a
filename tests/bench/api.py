"""Measure the hot paths of the API beside a bare view, hand-written SQL and a ModelSerializer.

    DATABASE_URL=mysql://… CACHE_URL=redis://… python -m tests.bench.api [patients]

fills an empty MariaDB schema first (``tests.bench.generate``; a million patients and twice as many
doses unless ``patients`` says less), sends each request through the whole WSGI application in this
process and reads the processor time, then asks a gunicorn of its own for as many answers as it can
give. Writes the section "API" of docs/benchmarks.md. Ends with status 1 when a target is missed.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import django
import orjson
from django.utils import timezone

from tests.bench.api_broad import ask_broadly
from tests.bench.api_callers import KEEPER, Caller, by_session, by_token
from tests.bench.reports import write

PATIENTS = 1_000_000
ROUNDS, REQUESTS = 15, 20
DEEP = 20_000
PORT = 8123
TITLE = "## API"
NOTE = """\
Targets: with a session, the passport at most 3 times the bare view, lists and affected 4,
recording 5; with a token, the passport at most a quarter of the ModelSerializer's; a passport's
requests a second .30 of the bare view's. The look-ups of session, account and second factor are
compiled statements too, for every page: with a session the bare view takes a third of what it took
before, so that the ratios to it grew while every path of ours became faster.

Profile of a passport with a token, as shares of its processor time: middleware, handler and routing
31 %, token and account 16 %, rights and assignments 16 %, the passport's statement and its JSON
15 %, the framework's dispatch 14 %, audit entry 8 %. The bare view with a token asks the database
nothing, and .30 of its requests a second leave a passport about 2.3 ms of the two cores for
everything. Server and client take 0.5 ms of them for any request, the five statements 0.9 ms of the
database's own time and Python 1.2 ms: too much while token, rights and assignments are asked at
every request and every read is kept for the audit.

A list of 50 doses with a session: the audit entries of the patients in it take 32 %, statement and
rows 21 %, session and account 14 %, rights and throttles 12 %, middleware, dispatch and JSON 21 %.

Recording a dose is 25 statements, begin, savepoint and commit included, and one more where its
series may be complete: the body with the look-ups
of what it refers to takes 19 % of the time, session and CSRF token 11 %, row and first version 7 %,
audit entry and event 5 %, transaction and savepoint 5 %, the answer, which is read back, 3 %.
Five times the bare view are 2.4 ms, of which the statements take 0.9 ms in cursor and driver alone,
about 0.04 ms each: locks, rights, key, trace and answer are a statement each, and none is asked
twice but the patient and the lot, which are found by the caller's rights first and then locked.
"""
# The most that a path may take of the bare view's processor time, and the passport of plain's.
TARGETS = {"passport": 3.0, "list of doses": 4.0, "list of patients": 4.0}
TARGETS |= {"affected, first page": 4.0, "record a dose": 5.0}
OF_PLAIN, OF_REQUESTS = 0.25, 0.30

Environ = dict[str, Any]
Make = Callable[[], Environ]


class World(NamedTuple):
    """What the requests name, from the middle of the data."""

    patients: list[str]
    lots: list[str]
    lot: str
    clinic: str
    volunteer: str
    fresh: itertools.count[int]


def world() -> World:
    """Return identifiers of one clinic's patients, of the lots, and of who works there."""
    from records.models import Clinic, Dose, Lot, Patient, Volunteer

    many = Patient.objects.latest("pk").pk
    patients = Patient.objects.filter(pk__in=range(7, many, 100)).values_list(
        "public_id", flat=True
    )
    good = Lot.objects.filter(recalled_on__isnull=True)
    recent = timezone.localdate() - dt.timedelta(days=300)  # an earlier run has recorded these
    recorded = Dose.objects.filter(administered_on__gte=recent)
    Dose.history.filter(id__in=list(recorded.values_list("pk", flat=True))).delete()
    recorded.delete()
    return World(
        [str(key) for key in patients.order_by("pk")[:20_000]],
        [str(key) for key in good.values_list("public_id", flat=True)],
        str(good.latest("expires_on").public_id),
        str(Clinic.objects.get(pk=7).public_id),
        str(Volunteer.objects.get(pk=7).public_id),
        itertools.count(),
    )


def environ(caller: Caller, path: str, body: Any = None) -> Environ:
    """Return a request as a WSGI server would pass it on."""
    content = b"" if body is None else orjson.dumps(body)
    path, _, query = path.partition("?")
    sent = caller.headers | ({"Idempotency-Key": uuid.uuid4().hex} if body else {})
    return {
        "REQUEST_METHOD": "POST" if body else "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.items()},
    }


def paths(caller: Caller, given: World) -> dict[str, dict[str, Make]]:
    """Return, for each hot path, how each rival is asked for it."""
    turn = itertools.count()

    def of(keys: list[str], path: str) -> Make:
        return lambda: environ(caller, path.format(keys[next(turn) * 37 % len(keys)]))

    def dose() -> dict[str, Any]:
        # Each patient once, and again only a good interval before.
        earlier, patient = divmod(next(given.fresh), len(given.patients))
        return {
            "patient": given.patients[patient],
            "lot": given.lot,
            "clinic": given.clinic,
            "volunteer": given.volunteer,
            "administered_on": str(timezone.localdate() - dt.timedelta(days=22 * earlier)),
            "site": "LD",
            "route": "IM",
        }

    def reading(name: str, ours: str, keys: list[str]) -> dict[str, Make]:
        return {
            "bare": of(keys, "/api/bench/bare"),
            "sql": of(keys, f"/api/bench/sql/{name}"),
            "plain": of(keys, f"/api/bench/plain/{name}"),
            "ours": of(keys, f"/api/v1/{ours}"),
        }

    return {
        "passport": reading("passport/{}", "patients/{}/passport", given.patients),
        "list of doses": reading("doses", "doses", given.lots),
        "list of patients": reading("patients", "patients", given.lots),
        "affected, first page": reading("affected/{}", "lots/{}/affected", given.lots),
        "record a dose": {
            "bare": lambda: environ(caller, "/api/bench/bare-post", dose()),
            "sql": lambda: environ(caller, "/api/bench/sql/record", dose()),
            "plain": lambda: environ(caller, "/api/bench/plain/record", dose()),
            "ours": lambda: environ(caller, "/api/v1/doses", dose()),
        },
    }


class Application:
    """The WSGI application of the settings, called without a server."""

    def __init__(self) -> None:
        """Load the middleware."""
        from django.core.handlers.wsgi import WSGIHandler

        self.handler: Any = WSGIHandler()

    def ask(self, request: Environ) -> tuple[str, bytes]:
        """Return status and body."""
        statuses: list[str] = []
        response: Any = self.handler(request, lambda status, headers: statuses.append(status))
        body = b"".join(response)
        response.close()
        return statuses[0], body

    def answer(self, request: Environ) -> bytes:
        """Return the body; raise ``RuntimeError`` for a refusal."""
        status, body = self.ask(request)
        if status[:2] != "20":
            raise RuntimeError(f"{request['PATH_INFO']}: {status} {body[:300]!r}")
        return body

    def milliseconds(self, makes: dict[str, Make]) -> dict[str, float]:
        """Return the processor time of a request of each kind: the median of rounds in turn."""
        times: dict[str, list[float]] = {name: [] for name in makes}
        for make in makes.values():
            for _ in range(5):
                self.answer(make())
        for _ in range(ROUNDS):
            for name, make in makes.items():
                requests = [make() for _ in range(REQUESTS)]
                start = time.process_time()
                for request in requests:
                    self.answer(request)
                times[name].append((time.process_time() - start) / REQUESTS * 1000)
        return {name: statistics.median(values) for name, values in times.items()}


def compare(application: Application, caller: Caller, given: World) -> tuple[list[str], list[str]]:
    """Return the table of one caller, and which targets are missed."""
    lines = [
        "| path | bare, ms | SQL | ModelSerializer | VaxPass"
        " | ÷ bare | ÷ SQL | ÷ ModelSerializer |",
        "|---|" + "---:|" * 7,
    ]
    missed = []
    for path, makes in paths(caller, given).items():
        ms = application.milliseconds(makes)
        ratio, of_plain = ms["ours"] / ms["bare"], ms["ours"] / ms["plain"]
        if caller.name == "token":  # a session's look-ups, which both share, would hide it
            if path == "passport" and of_plain > OF_PLAIN:
                missed.append(f"{path} with a token {of_plain:.2f} of plain for {OF_PLAIN}")
        elif ratio > TARGETS[path]:
            missed.append(f"{path} with a session {ratio:.1f} times bare for {TARGETS[path]}")
        figures = " | ".join(f"{ms[name]:.2f}" for name in ("bare", "sql", "plain", "ours"))
        ratios = f"{ratio:.2f} | {ms['ours'] / ms['sql']:.2f} | {of_plain:.2f}"
        lines.append(f"| {path} | {figures} | {ratios} |")
        print(caller.name, lines[-1], flush=True)  # noqa: T201
    return lines, missed


def depth(application: Application, caller: Caller) -> str:
    """Return what the first page of all doses costs, and what page ``DEEP`` does."""
    from accounts.models import User
    from records.api.paging import _cipher
    from records.models import Dose

    keys = Dose.objects.order_by("pk").values_list("pk", flat=True)
    key = keys[min((DEEP - 1) * 50, keys.count() - 51)]
    reader = User.objects.get(email_normalized=KEEPER)
    list_of = f"{reader.pk} /api/v1/doses id"
    cursor = _cipher().encrypt(orjson.dumps([list_of, key, key])).decode()
    found = application.milliseconds(
        {
            "first": lambda: environ(caller, "/api/v1/doses"),
            "deep": lambda: environ(caller, f"/api/v1/doses?since={cursor}"),
        }
    )
    ratio = found["deep"] / found["first"]
    return (
        f"Page 1 of all doses takes {found['first']:.2f} ms, page {DEEP:,} takes"
        f" {found['deep']:.2f} ms: {ratio:.2f} times as much."
    )


def serve(callers: list[Caller], given: World) -> tuple[list[str], list[str]]:
    """Return how many requests a second gunicorn answers, and which targets are missed."""
    from tests.bench import load

    lines = ["| caller | bare, requests/s | p99, ms | passport | p99, ms | share |"]
    lines += ["|---|" + "---:|" * 5]
    missed = []
    with load.server(load.GUNICORN, PORT) as port:
        for caller in callers:
            headers = {name.replace("-", "_"): value for name, value in caller.headers.items()}
            bare = [load.request("/api/bench/bare", **headers)] * load.CLIENTS
            ours = [
                load.request(f"/api/v1/patients/{key}/passport", **headers)
                for key in given.patients[:2000]
            ]
            runs = [(load.ask(port, bare), load.ask(port, ours)) for _ in range(3)]
            empty, full = sorted(runs, key=lambda run: run[1].a_second)[1]
            share = full.a_second / empty.a_second
            if share < OF_REQUESTS:
                missed.append(
                    f"requests a second with a {caller.name} {share:.2f} of bare for {OF_REQUESTS}"
                )
            lines.append(
                f"| {caller.name} | {empty.a_second:.0f} | {empty.p99:.0f} |"
                f" {full.a_second:.0f} | {full.p99:.0f} | {share:.2f} |"
            )
            print(lines[-1], flush=True)  # noqa: T201
    return lines, missed


def report(
    tables: dict[str, list[str]],
    served: list[str],
    deep: str,
    broad: list[str],
    missed: list[str],
) -> str:
    """Return the section as Markdown."""
    from records.models import Dose, Patient

    return "\n".join(
        [
            TITLE,
            "",
            f"{Patient.objects.count():,} patients and {Dose.objects.count():,} doses on MariaDB, "
            "a machine with two cores. Made by `make bench` (`python -m tests.bench.api`): each "
            "request goes through the whole WSGI application, all middleware included; the time "
            "is the process's own processor time (the database's is not in it), the median of "
            f"{ROUNDS} rounds of {REQUESTS} requests, in which the rivals take turns. The bare "
            "view is asked with the same headers and answers at once. SQL and ModelSerializer "
            "(`tests/bench/api_rivals.py`) ask for no right and leave no audit entry, history or "
            "event; VaxPass does all of it.",
            "",
            "A keeper of records in a browser (the middleware looks up session, account and second "
            "factor, for the bare view too):",
            "",
            *tables["session"],
            "",
            "A clinic's system with a token, in the role of a volunteer (the middleware looks up "
            "nothing, so the bare view asks no database at all; token, rights and assignments are "
            "part of VaxPass's time):",
            "",
            *tables["token"],
            "",
            deep,
            "",
            "Lists with filters or as of a moment look for the keys of a page first. What would "
            "take longer than two seconds of the database is refused with 422; seconds on the "
            "clock, of the keeper's second try:",
            "",
            *broad,
            "",
            NOTE,
            f"Missed at this run: {'; '.join(missed)}." if missed else "All targets were met.",
            "",
            "Requests a second of gunicorn as it is shipped (`gunicorn.conf.py`), asked by "
            "clients on the same two cores, where the database runs as well:",
            "",
            *served,
            "",
        ]
    )


def main(arguments: list[str]) -> int:
    """Fill if empty, measure, write, and tell whether all targets are met."""
    from django.core.management import call_command

    from records.models import Patient
    from tests.bench.generate import fill

    call_command("migrate", verbosity=0)
    call_command("sync_roles", verbosity=0)
    if not Patient.objects.exists():
        patients = int(arguments[0]) if arguments else PATIENTS
        fill(patients=patients, doses=2 * patients)
    given, application = world(), Application()
    session, token = by_session(), by_token()
    tables, missed = {}, []
    for caller in (session, token):
        tables[caller.name], more = compare(application, caller, given)
        missed += more
    deep = depth(application, session)
    print(deep)  # noqa: T201
    broad, more = ask_broadly(application.ask, lambda path: environ(session, path))
    missed += more
    served, more = serve([session, token], given)
    missed += more
    write(report(tables, served, deep, broad, missed))
    return 1 if missed else 0


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.api_settings"
    django.setup()
    sys.exit(main(sys.argv[1:]))
