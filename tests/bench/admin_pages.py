"""Measure every list, search and change page of the admin at a million patients.

    DATABASE_URL=mysql://… python -m tests.bench.admin_pages

fills an empty, migrated MariaDB schema first (``tests.bench.generate``), opens each page as a DBA
through Django's test client, and writes the section "Admin at a million patients" of
docs/benchmarks.md. Ends with status 1 when a page reads a whole table or needs over 25 queries.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import django
from django.db import connection
from django.test.utils import setup_test_environment

from tests.bench.reports import write

MOST_QUERIES = 25
FEW_ROWS = 5_000
RUNS = 5
TITLE = "## Admin at a million patients"
BIG = ("patient", "patientidentifier", "enrolment", "dose", "auditentry", "outboxevent")
SMALL = ("lot", "clinic", "manufacturer", "vaccine", "volunteer", "assignment", "vaccinetarget")


@dataclass
class Measured:
    """One page: what it costs and what it reads."""

    label: str
    path: str
    queries: int = 0
    milliseconds: float = 0.0
    scans: list[str] = field(default_factory=list)
    slowest: str = ""
    slowest_ms: float = 0.0


def pages() -> list[Measured]:
    """Return every page to measure, with a record from the middle of each table."""
    from records.models import Dose, Patient

    patient = Patient.objects.get(pk=Patient.objects.latest("pk").pk // 2)
    dose = Dose.objects.filter(patient=patient).select_related("patient").latest("pk")
    recalled, identity = 100, patient.public_id
    found = [Measured("First page", "/admin/")]
    for name in (*BIG, *SMALL):
        found.append(Measured(f"List: {name}", f"/admin/records/{name}/"))
    queries = {
        "patient": {
            "surname, common": f"q={patient.last_name}",
            "surname, one letter": "q=a",
            "surname, given": f"q={patient.last_name}, {patient.first_name}",
            "given surname": f"q={patient.first_name} {patient.last_name}",
            "birth date": f"q={patient.date_of_birth}",
            "identifier": f"q=N{patient.pk:08}",
            "public id": f"q={identity}",
            "nobody": "q=Xyzzy",
            "filter merged": "merged=yes",
            "page 20": "p=20",
        },
        "dose": {
            "patient": f"q={patient.last_name}",
            "lot": f"q={dose.lot_number}",
            "day": f"q={dose.administered_on}",
            "filter last 30 days": "given=30",
            "filter lot": f"lot={recalled}",
            "filter lot, void": f"lot={recalled}&status=entered-in-error",
            "filter clinic": "clinic=7",
            "filter clinic, void": "clinic=7&status=entered-in-error",
            "filter volunteer": "volunteer=7",
            "filter patient": f"patient={patient.pk}",
        },
        "enrolment": {
            "patient": f"q={patient.last_name}",
            "clinic": "q=C007",
            "filter": "clinic=7",
        },
        "patientidentifier": {"number": f"q=N{patient.pk:08}", "patient": f"q={patient.last_name}"},
        "auditentry": {"record": f"q={dose.public_id}", "patient": f"patient={patient.pk}"},
        "outboxevent": {"waiting": "published=no", "published": "published=yes"},
        "lot": {"number": "q=L01", "expiring": "expiry=soon", "recalled": "recall=any"},
        "volunteer": {"badge": "q=V00007", "unassigned": "assignment=none"},
        "assignment": {"now": "period=now"},
    }
    for name, searches in queries.items():
        for label, query in searches.items():
            found.append(Measured(f"{name}: {label}", f"/admin/records/{name}/?{query}"))
    rows = {"patient": patient.pk, "dose": dose.pk, "lot": recalled, "clinic": 7, "volunteer": 7}
    rows |= {"enrolment": patient.pk, "auditentry": dose.pk, "assignment": 7}
    for name, key in rows.items():
        found.append(Measured(f"Change: {name}", f"/admin/records/{name}/{key}/change/"))
    for name in ("patient", "dose", "lot", "clinic"):
        found.append(Measured(f"History: {name}", f"/admin/records/{name}/{rows[name]}/history/"))
        found.append(Measured(f"As of: {name}", f"/admin/records/{name}/{rows[name]}/as-of/"))
        found.append(Measured(f"Delete: {name}", f"/admin/records/{name}/{rows[name]}/delete/"))
    found += [
        Measured("Add: dose", "/admin/records/dose/add/"),
        Measured("Recall a lot", f"/admin/records/lot/{recalled}/recall/"),
        Measured("Void a dose", f"/admin/records/dose/{dose.pk}/void/"),
        Measured("Merge", f"/admin/records/patient/merge/?ids={patient.pk},{patient.pk + 1}"),
    ]
    for name, model, term in (
        ("patient", "enrolment", patient.last_name[:3]),
        ("lot", "stageddose", "L01"),
        ("volunteer", "assignment", "V000"),
        ("clinic", "enrolment", ""),
    ):
        query = f"term={term}&app_label=records&model_name={model}&field_name={name}"
        found.append(Measured(f"Chooser: {name}", f"/admin/autocomplete/?{query}"))
    return found


def measure(client: Any, page: Measured) -> Measured:
    """Open a page a few times; keep the median time, the queries and what they read whole."""
    from django.test.utils import CaptureQueriesContext

    answer = client.get(page.path)
    assert answer.status_code == 200, f"{page.path}: {answer.status_code}"
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        client.get(page.path)
        times.append((time.perf_counter() - start) * 1000)
    page.milliseconds = statistics.median(times)
    with CaptureQueriesContext(connection) as captured:
        client.get(page.path)
    page.queries = len(captured)
    for query in captured.captured_queries:
        milliseconds = float(query["time"]) * 1000
        if milliseconds > page.slowest_ms:
            page.slowest, page.slowest_ms = query["sql"], milliseconds
        page.scans += whole_tables(query["sql"])
    return page


def whole_tables(sql: str) -> list[str]:
    """Return the tables of which a statement really read very many rows without a condition.

    ANALYZE runs it: a scan in the order of an index that LIMIT stops after a few rows is none,
    and neither is reading a table that the statement itself made.
    """
    return [
        f"{plan['table']} ({plan['r_rows']} rows)"
        for plan in analyze(sql)
        if plan["type"] in ("ALL", "index")
        and not plan["table"].startswith("<")
        and float(plan["r_rows"] or 0) > FEW_ROWS
    ]


def analyze(sql: str) -> list[dict[str, Any]]:
    """Run a SELECT; return MariaDB's plan with the rows really read, one row per table."""
    if not sql.startswith("SELECT") or "information_schema" in sql:
        return []
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + sql.replace("%", "%%"), ())
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def report(measured: list[Measured]) -> str:
    """Return the section as Markdown."""
    from records.models import Dose, Patient

    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = re.match(r"[\d.]+", cursor.fetchone()[0])
    assert version is not None
    lines = [
        TITLE,
        "",
        f"{Patient.objects.count():,} patients, {Dose.objects.count():,} doses, 500 lots, 100 "
        f"clinics and 1,000 volunteers with their history, audit and events, on MariaDB "
        f"{version.group()} and a machine with two cores. Made by "
        "`make bench` (`python -m tests.bench.admin_pages`): each page is opened as a "
        "DBA through Django's test client, in the process that measures; the time is the median "
        f"of {RUNS} with warm caches. The command fails when a page needs more than "
        f"{MOST_QUERIES} queries, or when ANALYZE (EXPLAIN with the rows really read) shows more "
        f"than {FEW_ROWS:,} rows read without an index's help; small tables may be read whole.",
        "",
        "| page | queries | ms | of that, slowest query |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {page.label} | {page.queries} | {page.milliseconds:.0f} | {page.slowest_ms:.0f} |"
        for page in measured
    ]
    lines += ["", "Plans of the slowest statements:", ""]
    for page in sorted(measured, key=lambda page: -page.slowest_ms)[:8]:
        lines.append(f"- {page.label} ({page.slowest_ms:.0f} ms): " + "; ".join(plans(page)))
    return "\n".join(lines) + "\n"


def plans(page: Measured) -> list[str]:
    """Return the plan of a page's slowest statement, one text per table."""
    return [
        f"`{plan['table']}` {plan['type']} by `{plan['key']}`, {plan['r_rows']} rows read"
        + (f" ({plan['Extra'].lower()})" if plan["Extra"] else "")
        for plan in analyze(page.slowest)
    ]


def main() -> int:
    """Fill if empty, measure, write, and tell whether all is within bounds."""
    from django.contrib.auth.models import Group
    from django.core.management import call_command
    from django.test import Client

    from accounts.models import User
    from accounts.roles import DBA
    from records.models import Patient
    from tests.bench.generate import fill
    from tests.records.factories import pass_second_factor

    call_command("migrate", verbosity=0)
    call_command("sync_roles")
    if not Patient.objects.exists():
        fill()
    user = User.objects.filter(email_normalized="bench-dba@example.org").first()
    if user is None:
        user = User.objects.create_user("bench-dba@example.org", is_staff=True)
        user.groups.add(Group.objects.get(name=DBA.name))
    client = Client()
    client.force_login(user)
    pass_second_factor(client, user)
    measured = []
    for page in pages():
        measured.append(measure(client, page))
        print(f"{page.milliseconds:8.1f} ms {page.queries:3} queries  {page.label}")  # noqa: T201
        for scan in page.scans:
            print(f"{'':24}reads whole: {scan}")  # noqa: T201
    write(report(measured))
    bad = [page for page in measured if page.scans or page.queries > MOST_QUERIES]
    return 1 if bad else 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vaxpass.settings")
    django.setup()
    setup_test_environment(debug=False)
    sys.exit(main())
