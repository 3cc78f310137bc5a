"""Measure what a user may see: pages of 25 among a million grants, beside bare pages by key.

    DATABASE_URL=mysql://… python -m tests.bench.visible [patients]

fills an empty, migrated MariaDB schema first (``tests.bench.generate``), gives every patient a
grant, and pages the tables that hold something of patients as each of four users. Writes the
section "What a user may see" of docs/benchmarks.md. Ends with status 1 when a page reads more than
ten thousand rows of a table. ``patients`` (a million unless given) makes it smaller.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django
from django.db import connection
from django.db.models import Model, QuerySet
from django.test.utils import setup_test_environment

from tests.bench.reports import write

PAGE = 25
RUNS = 15
MOST_ROWS = 10_000
PATIENTS = 1_000_000
TITLE = "## What a user may see"
# E-mail address of each user who looks, and what makes the look hard.
VIEWERS = {
    "family@example.org": "patient with 3 grants",
    "institution@example.org": "account with a hundredth of all grants",
    "volunteer@example.org": "volunteer at a tenth of all clinics",
    "both@example.org": "such a volunteer with 3 grants",
}


def grant_all(patients: int) -> None:
    """Give every patient a grant: three an account, of three templates, every tenth expired.

    The users of ``VIEWERS`` get theirs, and their work at clinics, on top of it.
    """
    from accounts.models import User
    from accounts.roles import PATIENT, VOLUNTEER

    first = _accounts(patients // 3)
    family, institution, volunteer, both = (User.objects.create_user(email) for email in VIEWERS)
    for user, roles in (
        (family, [PATIENT]),
        (institution, [PATIENT]),
        (volunteer, [VOLUNTEER]),
        (both, [PATIENT, VOLUNTEER]),
    ):
        _join(user, *(role.name for role in roles))
    _employ(volunteer, 1)
    _employ(both, 2)
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION unique_checks = 0, foreign_key_checks = 0")
        # Both factors are prime to the number of patients: one patient once an account.
        for account, factor, many in (
            (f"{first} + seq DIV 3", 7919, patients // 3 * 3),
            (institution.pk, 101, patients // 100),
            (family.pk, 7919, 3),
            (both.pk, 7919, 3),
        ):
            cursor.execute(_grants(account, f"seq * {factor} MOD {patients} + 1", many))
        cursor.execute(_permissions())
        cursor.execute("SET SESSION unique_checks = 1, foreign_key_checks = 1")
        for name in ("patientgrant", "patientpermission"):
            cursor.execute(f"ANALYZE TABLE records_{name}")


def _accounts(many: int) -> int:
    """Make accounts that nobody signs in with and return the key of the first one."""
    from accounts.models import User

    first = User.objects.latest("pk").pk + 1
    with connection.cursor() as cursor:
        cursor.execute(f"""
            INSERT INTO accounts_user
                (id, public_id, password, is_superuser, email, email_normalized, name, kind,
                 is_demo, is_staff, is_active, date_joined, session_stamp, in_directory, language)
            SELECT {first} + seq, UUID(), '!', 0, CONCAT('a', seq, '@example.org'),
                CONCAT('a', seq, '@example.org'), '', 'person', 0, 0, 1, NOW(6), 0, 0, ''
            FROM seq_0_to_{many - 1}
        """)
    return first


def _join(user: Any, *roles: str) -> None:
    from django.contrib.auth.models import Group

    user.groups.set(Group.objects.filter(name__in=roles))


def _employ(user: Any, number: int) -> None:
    """Let a user be the volunteer of this key and work at a tenth of all clinics."""
    from records.models import Assignment, Volunteer
    from tests.bench.generate import CLINICS

    Volunteer.objects.filter(pk=number).update(user=user)
    Assignment.objects.filter(volunteer=number).delete()
    Assignment.objects.bulk_create(
        Assignment(volunteer_id=number, clinic_id=clinic, starts_on="2020-01-01")
        for clinic in range(1, CLINICS // 10 + 1)
    )


def _grants(account: Any, patient: str, many: int) -> str:
    return f"""
        INSERT INTO records_patientgrant
            (public_id, version, user_id, patient_id, template, expires_at, granted_by_id)
        SELECT UUID(), 1, {account}, {patient}, ELT(seq MOD 3 + 1, 'self', 'guardian', 'relative'),
            IF(seq MOD 10 = 9, NOW(6) - INTERVAL 1 DAY, NULL), {account}
        FROM seq_0_to_{many - 1}
    """


def _permissions() -> str:
    """Return the statement that writes the permission rows that saving each grant would."""
    from records.models import RIGHTS

    rights = " UNION ALL ".join(
        f"SELECT '{template!s}' AS template, '{right}' AS codename"
        for template, codenames in RIGHTS.items()
        for right in codenames
    )
    return f"""
        INSERT INTO records_patientpermission (user_id, permission_id, content_object_id, grant_id)
        SELECT given.user_id, permission.id, given.patient_id, given.id
        FROM records_patientgrant given
        JOIN ({rights}) AS rights ON rights.template = given.template
        JOIN auth_permission permission ON permission.codename = rights.codename
        JOIN django_content_type type
            ON type.id = permission.content_type_id AND type.model = 'patient'
    """


def tables() -> tuple[type[Model], ...]:
    """Return the tables to page."""
    from records import models

    return (
        models.Patient,
        models.Dose,
        models.Enrolment,
        models.PatientIdentifier,
        models.PatientGrant,
        models.AuditEntry,
    )


def viewers() -> dict[str, Any]:
    """Return the users who look, by what makes the look hard."""
    from accounts.models import User

    return {label: User.objects.get(email=email) for email, label in VIEWERS.items()}


def page(user: Any, model: type[Model]) -> QuerySet[Any]:
    """Return the newest rows of a table that a user may see."""
    from records.access import visible_to

    return visible_to(user, model).order_by("-pk")[:PAGE]


def statement_of(rows: QuerySet[Any]) -> tuple[str, Any] | None:
    """Return what a query asks the database, None when it asks nothing."""
    from django.core.exceptions import EmptyResultSet

    try:
        return rows.query.sql_with_params()
    except EmptyResultSet:
        return None


def answer(sql: str, parameters: Any) -> list[Any]:
    """Return the rows of a statement, without the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def plan_of(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    """Run a query; return MariaDB's plan with the rows really read, one row per table."""
    statement = statement_of(rows)
    if statement is None:
        return []
    sql, parameters = statement
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {sql}", parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def most_rows(plan: list[dict[str, Any]]) -> float:
    """Return the most rows that a plan read of one table at once."""
    return max((float(step["r_rows"] or 0) for step in plan), default=0.0)


def shown(plan: list[dict[str, Any]]) -> str:
    """Return a plan in one line."""
    steps = [
        f"`{step['table']}` {step['type']} by `{step['key']}`, {float(step['r_rows'] or 0):.0f}"
        for step in plan
        if step["type"] != "const"
    ]
    return "; ".join(steps)


def milliseconds(call: Callable[[], Any]) -> float:
    """Return the median time of a few calls."""
    call()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def measure() -> tuple[list[str], bool]:
    """Return the lines of the table and of the plans, and whether every plan is within bounds."""
    lines = [
        "| who | table | ms | of that, statement | bare page, ms | ratio | most rows read |",
        "|---|---|" + "---:|" * 5,
    ]
    plans, good = ["", "Plans (tables of which one row is read are left out):", ""], True
    for label, user in viewers().items():
        for model in tables():
            statement = statement_of(page(user, model))
            if statement is None:
                continue
            bare = milliseconds(lambda: list(model._default_manager.order_by("-pk")[:PAGE]))  # noqa: B023
            whole = milliseconds(lambda: list(page(user, model)))  # noqa: B023
            alone = milliseconds(lambda: answer(*statement))  # noqa: B023
            plan = plan_of(page(user, model))
            rows = most_rows(plan)
            good = good and rows <= MOST_ROWS
            figures = f"{whole:.1f} | {alone:.1f} | {bare:.1f} | {whole / bare:.1f} | {rows:,.0f}"
            lines.append(f"| {label} | {model.__name__} | {figures} |")
            print(lines[-1])  # noqa: T201
            plans.append(f"- {label}, {model.__name__}: {shown(plan)}")
    return [*lines, *plans], good


def report(lines: list[str]) -> str:
    """Return the section as Markdown."""
    from records.models import Patient, PatientGrant, PatientPermission

    counts = [f"{model.objects.count():,}" for model in (Patient, PatientGrant, PatientPermission)]
    return "\n".join(
        [
            TITLE,
            "",
            f"{counts[0]} patients, {counts[1]} grants and {counts[2]} permission rows on MariaDB, "
            f"a machine with two cores. Made by `make bench` (`python -m tests.bench.visible`): "
            f"`visible_to(user, table)`, the newest {PAGE} rows, built, asked and read by the ORM, "
            "and of that the statement and its answer alone; "
            f"median of {RUNS} with warm caches. A bare page is the same of all rows, without a "
            "rule. A volunteer's page contains the look-up of the assignments of today. The "
            f"command fails when ANALYZE shows more than {MOST_ROWS:,} rows read of one table.",
            "",
            *lines,
            "",
        ]
    )


def main(arguments: list[str]) -> int:
    """Fill if empty, measure, write, and tell whether all is within bounds."""
    from django.core.management import call_command

    from records.models import Patient, PatientGrant
    from tests.bench.generate import fill

    call_command("migrate", verbosity=0)
    call_command("sync_roles")
    if not Patient.objects.exists():
        patients = int(arguments[0]) if arguments else PATIENTS
        fill(patients=patients, doses=patients)
    if not PatientGrant.objects.exists():
        grant_all(Patient.objects.latest("pk").pk)
    lines, good = measure()
    write(report(lines))
    return 0 if good else 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vaxpass.settings")
    django.setup()
    setup_test_environment(debug=False)
    sys.exit(main(sys.argv[1:]))
