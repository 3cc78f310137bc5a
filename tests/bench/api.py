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

from tests.bench.reports import write

PATIENTS = 1_000_000
ROUNDS, REQUESTS = 5, 20
DEEP = 20_000
PORT = 8123
TITLE = "## API"
NOTE = """\
Targets: with a session, the passport at most 3 times the bare view, lists and affected 4,
recording 5; with a token, the passport at most a quarter of the ModelSerializer's; a passport's
requests a second .30 of the bare view's. The look-ups of session, account and second factor are
compiled statements too, for every page: with a session the bare view takes 0.6 ms where it took
1.5, so that the ratios to it grew while every path of ours became faster. Profile of a passport
with a token, as shares of its processor time: token and account 19 %, rights and assignments 16 %,
the passport's statement and its JSON 20 %, audit entry 12 %, the framework's dispatch 8 %, routing
3 %, middleware and the handler 22 %. Recording a dose is 24 statements, 31 % of its time in the
compiled ones of rules, locks and references; the body takes 25 % (with the look-ups
of what it refers to), row and history through the ORM 25 %. Missed at the last run: recording a
dose with a session (6.3 times the bare view, for 5), and with a token the passport (.28 of the
ModelSerializer's time, for .25) and its share of requests a second (.15, for .30)."""
KEEPER = "bench-dba@example.org"
# The most that a path may take of the bare view's processor time, and the passport of plain's.
TARGETS = {"passport": 3.0, "list of doses": 4.0, "list of patients": 4.0}
TARGETS |= {"affected, first page": 4.0, "record a dose": 5.0}
OF_PLAIN, OF_REQUESTS = 0.25, 0.30

Environ = dict[str, Any]
Make = Callable[[], Environ]


class Caller(NamedTuple):
    """Whom a request comes from: the headers that say so."""

    name: str
    headers: dict[str, str]


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
    recorded = Dose.objects.filter(administered_on__gte=recent).values("patient")
    patients = patients.exclude(pk__in=recorded)
    return World(
        [str(key) for key in patients.order_by("pk")[:20_000]],
        [str(key) for key in good.values_list("public_id", flat=True)],
        str(good.latest("expires_on").public_id),
        str(Clinic.objects.get(pk=7).public_id),
        str(Volunteer.objects.get(pk=7).public_id),
        itertools.count(),
    )


def by_session() -> Caller:
    """Return a keeper of records who has signed in with the second factor in a browser."""
    from django.contrib.auth.models import Group
    from django.middleware.csrf import _get_new_csrf_string
    from django.test import Client

    from accounts.models import User
    from accounts.roles import DBA
    from tests.records.factories import pass_second_factor

    user = User.objects.filter(email_normalized=KEEPER).first()
    if user is None:
        user = User.objects.create_user(KEEPER, is_staff=True)
        user.groups.add(Group.objects.get(name=DBA.name))
    client = Client()
    client.force_login(user)
    pass_second_factor(client, user)
    token = _get_new_csrf_string()
    cookies = [f"{name}={morsel.value}" for name, morsel in client.cookies.items()]
    cookie = "; ".join([*cookies, f"csrftoken={token}"])
    return Caller("session", {"Cookie": cookie, "X-CSRFToken": token})


def by_token() -> Caller:
    """Return a clinic's system: the account of a volunteer, with a token for all scopes."""
    from django.contrib.auth.models import Group
    from oauth2_provider.models import AccessToken, get_application_model

    from accounts.models import User
    from accounts.oauth.scopes import SCOPES
    from accounts.roles import VOLUNTEER
    from records.models import Volunteer

    email = "bench-system@example.org"
    user = User.objects.filter(email_normalized=email).first()
    if user is None:
        user = User.objects.create_user(email, kind=User.Kind.SERVICE)
        user.groups.add(Group.objects.get(name=VOLUNTEER.name))
        Volunteer.objects.filter(pk=7).update(user=user)
    scopes = " ".join(SCOPES)
    application, _ = get_application_model().objects.get_or_create(
        name="bench",
        defaults={
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
            "service_user": user,
            "scopes": scopes,
        },
    )
    value = uuid.uuid4().hex
    AccessToken.objects.create(
        token=value,
        application=application,
        expires=timezone.now() + dt.timedelta(hours=2),
        scope=scopes,
    )
    return Caller("token", {"Authorization": f"Bearer {value}"})


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

    def answer(self, request: Environ) -> bytes:
        """Return the body; raise ``RuntimeError`` for a refusal."""
        statuses: list[str] = []
        response: Any = self.handler(request, lambda status, headers: statuses.append(status))
        body = b"".join(response)
        response.close()
        if statuses[0][:2] != "20":
            raise RuntimeError(f"{request['PATH_INFO']}: {statuses[0]} {body[:300]!r}")
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


def compare(application: Application, caller: Caller, given: World) -> tuple[list[str], bool]:
    """Return the table of one caller, and whether the targets are met."""
    lines = [
        "| path | bare, ms | SQL | ModelSerializer | VaxPass"
        " | ÷ bare | ÷ SQL | ÷ ModelSerializer |",
        "|---|" + "---:|" * 7,
    ]
    good = True
    for path, makes in paths(caller, given).items():
        ms = application.milliseconds(makes)
        ratio, of_plain = ms["ours"] / ms["bare"], ms["ours"] / ms["plain"]
        if caller.name == "token":  # a session's look-ups, which both share, would hide it
            good = good and (path != "passport" or of_plain <= OF_PLAIN)
        else:
            good = good and ratio <= TARGETS[path]
        figures = " | ".join(f"{ms[name]:.2f}" for name in ("bare", "sql", "plain", "ours"))
        ratios = f"{ratio:.2f} | {ms['ours'] / ms['sql']:.2f} | {of_plain:.2f}"
        lines.append(f"| {path} | {figures} | {ratios} |")
        print(caller.name, lines[-1], flush=True)  # noqa: T201
    return lines, good


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


def serve(callers: list[Caller], given: World) -> tuple[list[str], bool]:
    """Return how many requests a second gunicorn answers, and whether the target is met."""
    from tests.bench import load

    lines = ["| caller | bare, requests/s | p99, ms | passport | p99, ms | share |"]
    lines += ["|---|" + "---:|" * 5]
    good = True
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
            good = good and share >= OF_REQUESTS
            lines.append(
                f"| {caller.name} | {empty.a_second:.0f} | {empty.p99:.0f} |"
                f" {full.a_second:.0f} | {full.p99:.0f} | {share:.2f} |"
            )
            print(lines[-1], flush=True)  # noqa: T201
    return lines, good


def report(tables: dict[str, list[str]], served: list[str], deep: str) -> str:
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
            NOTE,
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
    tables, met = {}, []
    for caller in (session, token):
        tables[caller.name], good = compare(application, caller, given)
        met.append(good)
    deep = depth(application, session)
    print(deep)  # noqa: T201
    served, good = serve([session, token], given)
    write(report(tables, served, deep))
    return 0 if all([*met, good]) else 1


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.api_settings"
    django.setup()
    sys.exit(main(sys.argv[1:]))
