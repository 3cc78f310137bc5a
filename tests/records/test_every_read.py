"""Whoever gets to see a patient leaves an entry: every page of the site is opened to prove it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from accounts.roles import DBA, PATIENT, USER_MANAGER
from records.domain import boxes, merges, reading
from records.models import AuditEntry, AuditSeal, Dose, ShareLink
from tests.records import factories as make
from tests.records.issuer import issue

pytestmark = pytest.mark.django_db

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# Patterns that are no routes: nothing of a patient is behind them.
NO_ROUTES = {
    "account_confirm_email",
    "account_reset_password_from_key",
    "app_list",
    "api-unknown",
    "fhir-unknown",
    None,
}
LABELS = {"accounts", "auth", "records"}
SURNAMES = ("Quibblesworth", "Zanzottera", "Yttervik", "Xylander")


@pytest.fixture
def world(settings: Any) -> SimpleNamespace:
    """Patients of surnames that stand nowhere else, and everything that may name them."""
    clinic = make.make_clinic()
    volunteer = make.make_volunteer_user(clinic)
    holder = make.make_user(PATIENT.name)
    people = {
        name: make.make_patient(
            last_name=name, clinic=clinic, date_of_birth=day, identifiers=[("id", f"N-{name}")]
        )
        for name, day in zip(SURNAMES, (dt.date(1980 + n, 2, 3) for n in range(4)), strict=True)
    }
    main, child, moved, kept = people.values()
    dose = make.make_dose(patient=main, clinic=clinic, volunteer=volunteer.volunteer)
    make.make_dose(patient=moved, clinic=clinic, volunteer=volunteer.volunteer)
    grant = make.make_grant(holder, main)
    make.make_grant(holder, child, template="guardian")
    [credential] = issue(main)
    make.make_claim_code(main)
    link = ShareLink.objects.create(
        patient=main, created_by=holder, digest="d", secret=boxes.seal(b"token.key")
    )
    AuditSeal.objects.create(
        number=1, after_id=0, to_id=1, entries=1, leaves=b"", key_id="k", digest="d"
    )
    merge = merges.merge_patients(
        by=make.system(), survivor=kept, duplicate=moved, version=1, reason="Same person"
    )
    return SimpleNamespace(**locals())


def routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Return every route of the site with its pattern."""
    for pattern in resolver.url_patterns:
        if not isinstance(pattern.pattern, RoutePattern) and before:
            assert getattr(pattern, "name", None) in NO_ROUTES, f"nobody knows what {pattern} shows"
            continue
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route if before else f"/{pattern.pattern}")
        else:
            yield (route if before else f"/{route}"), pattern


def addresses(world: SimpleNamespace) -> Iterator[str]:
    """Return an address of every route, and those that only a question makes show somebody."""
    ids = {
        "patient_id": world.main.public_id,
        "dose_id": world.dose.public_id,
        "grant_id": world.grant.public_id,
        "link_id": world.link.public_id,
        "credential_id": world.credential.public_id,
        "name": "qr-code.svg",
    }
    subjects = {
        "patients": world.main,
        "Patient": world.main,
        "doses": world.dose,
        "Immunization": world.dose,
        "credentials": world.credential,
    }
    for route, pattern in routes(get_resolver()):
        subject = next((row for word, row in subjects.items() if f"/{word}/<" in route), None)
        ids["id"] = subject.public_id if subject else 1
        label, _, page = (pattern.name or "").partition("_")
        ids["object_id"] = 1
        if "object_id" in PARAMETER.findall(route) and label in LABELS:
            row = (
                apps.get_model(label, page.partition("_")[0])
                ._default_manager.order_by("-pk")
                .first()
            )
            ids["object_id"] = row.pk if row else 0
        yield PARAMETER.sub(lambda found: str(ids.get(found[1], "1")), route)
    main, child, doses = world.main.pk, world.child.pk, list(Dose.objects.values_list("pk"))
    for name in ("dose", "enrolment", "patientidentifier", "patientgrant", "auditentry"):
        yield f"/admin/records/{name}/?patient={main}"
    for name in ("dose", "enrolment", "patientidentifier"):
        yield f"/admin/records/{name}/add/?patient={main}"
    yield "/admin/records/"
    yield f"/admin/records/patient/{world.moved.pk}/change/"
    yield f"/admin/records/patient/{main}/find-duplicate/"
    yield f"/admin/records/dose/{doses[-1][0]}/history/"
    yield f"/admin/records/dose/{doses[-1][0]}/as-of/?at={timezone.now():%Y-%m-%dT%H:%M:%S}"
    yield f"/admin/records/patient/merge/?ids={main},{child}"
    yield f"/admin/records/dose/void/?ids={','.join(str(key) for (key,) in doses)}"
    for model in ("dose", "enrolment"):
        query = f"app_label=records&model_name={model}&field_name=patient"
        yield f"/admin/autocomplete/?term=1980-02-03&{query}"


def shown_without_a_trace(client: Client, user: Any, path: str, world: Any) -> list[str] | None:
    """Return whom a page shows and the audit does not know of; None where it shows nobody."""
    response = client.get(path)
    if response.status_code != 200:
        return None
    text = b"".join(response).decode(errors="replace")
    shown = [patient for name, patient in world.people.items() if name in text]
    noted = AuditEntry.objects.filter(actor=user, request_id=response["X-Request-ID"])
    known = set(noted.values_list("patient_id", flat=True))
    return [str(p) for p in shown if p.pk not in known] if shown else None


@pytest.mark.parametrize(
    ("who", "fewest"), [("dba", 45), ("volunteer", 7), ("holder", 3), ("manager", 0)]
)
def test_every_page_that_shows_a_patient_leaves_an_entry(world: Any, who: str, fewest: int) -> None:
    world.dba = make.make_user(DBA.name, is_staff=True)
    world.manager = make.make_user(USER_MANAGER.name, is_staff=True)
    user = getattr(world, who)
    client = Client()
    client.force_login(user)
    checked = {}
    for path in addresses(world):
        missing = shown_without_a_trace(client, user, path, world)
        if missing is not None:
            checked[path] = missing
    assert {path: names for path, names in checked.items() if names} == {}
    assert len(checked) >= fewest
    if not fewest:
        assert checked == {}


def entries_of(response: Any) -> set[tuple[int | None, str]]:
    entries = AuditEntry.objects.filter(request_id=response["X-Request-ID"])
    return {(entry.patient_id, entry.action) for entry in entries}


def test_searches_of_the_clinic_leave_an_entry_for_each_patient_shown(world: Any) -> None:
    client = Client()
    client.force_login(world.volunteer)
    found = client.post("/clinic/", {"name": "Quibblesworth"}, follow=True)
    assert "N-Quibblesworth" in found.content.decode() or "Quibblesworth" in found.content.decode()
    assert entries_of(found) == {(world.main.pk, "patient.read")}
    stranger = make.make_patient(last_name="Wildermuth", date_of_birth=dt.date(1990, 1, 1))
    typed = {"last_name": "Wildermuth", "date_of_birth": "1990-01-01"}
    found = client.post("/clinic/elsewhere", typed)
    assert (stranger.pk, "patient.found_elsewhere") in entries_of(found)
    person = {"first_name": "Ada", "last_name": "Quibblesworth", "date_of_birth": "1980-02-03"}
    similar = client.post("/clinic/patients/new", {**person, "gender": "unknown"})
    assert similar.status_code == 200
    assert (world.main.pk, "patient.read") in entries_of(similar)


def test_list_of_many_takes_as_many_statements_as_one_of_few(
    world: Any, django_assert_max_num_queries: Any
) -> None:
    client = Client()
    client.force_login(make.make_user(DBA.name, is_staff=True))

    def statements() -> list[str]:
        with django_assert_max_num_queries(30, connection=connection) as captured:
            assert client.get("/admin/records/enrolment/").status_code == 200
        return [query["sql"] for query in captured.captured_queries]

    client.get("/admin/records/enrolment/")
    few = statements()
    for _ in range(40):
        make.make_patient(clinic=world.clinic)
    assert len(statements()) == len(few)
    assert sum("INTO" in sql and "auditentry" in sql for sql in few) == 1


def test_head_leaves_an_entry_like_get(world: Any) -> None:
    client = Client()
    client.force_login(world.holder)
    address = f"/passport/{world.main.public_id}/"
    entries = entries_of(client.head(address))
    assert (world.main.pk, "patient.read") in entries
    assert entries == entries_of(client.get(address))


def test_read_that_cannot_be_noted_is_refused(world: Any, monkeypatch: Any) -> None:
    def full(*args: Any, **options: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(reading.entries, "run", full)
    client = Client(raise_request_exception=False)
    for user, path in (
        (world.holder, f"/passport/{world.main.public_id}/"),
        (world.holder, "/passport/"),
        (world.volunteer, f"/clinic/patients/{world.main.public_id}/"),
        (make.make_user(DBA.name, is_staff=True), "/admin/records/patient/"),
    ):
        client.force_login(user)
        response = client.get(path)
        assert response.status_code == 500
        assert "Quibblesworth" not in response.content.decode()
