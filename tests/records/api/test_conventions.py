"""What holds for every resource of the API, those that are added later included."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from records.api.urls import router
from records.models import AuditEntry
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.api.every import EVERY, ROWS, Resource

pytestmark = pytest.mark.django_db

each = pytest.mark.parametrize("resource", EVERY, ids=str)
changed = pytest.mark.parametrize(
    "resource", [one for one in EVERY if one.takes("partial_update")], ids=str
)
ABSENT = "00000000-0000-4000-8000-000000000404"


@pytest.fixture
def keeper() -> Caller:
    return Caller(make.make_user("DBA"))


@pytest.fixture
def patient() -> Any:
    return make.make_patient()


def moment(at: dt.datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def test_every_model_has_a_way_to_make_rows():
    assert {view.model for _prefix, view, _name in router.registry} == set(ROWS)


@each
def test_unknown_parameter_is_refused_by_name(resource: Resource, keeper, patient):
    [row] = resource.rows(1, patient)
    path = resource.path(patient)

    for address in (path, f"{path}/{row.public_id}"):
        answer = keeper.get(f"{address}?id__gt=1&as_off=2026-01-01T00:00:00Z")
        assert answer.status_code == 422
        assert refused_fields(answer) == {"id__gt": "unknown", "as_off": "unknown"}
    assert keeper.get(f"{path}?limit=1&limit=2").status_code == 422


@each
def test_parameter_without_a_value_is_refused_by_name(resource: Resource, keeper, patient):
    answer = keeper.get(f"{resource.path(patient)}?fields=id&limit=")

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"limit"})


@each
def test_unknown_field_of_a_body_is_refused_by_name(resource: Resource, keeper, patient):
    [row] = resource.rows(1, patient)
    path = resource.path(patient)

    if resource.takes("create"):
        answer = keeper.post(path, {"id": ABSENT, "version": 7})
        assert (answer.status_code, refused_fields(answer)["version"]) == (422, "unknown")
    if resource.takes("partial_update"):
        answer = keeper.patch(
            f"{path}/{row.public_id}", {"id": ABSENT, "version": 7}, version=row.version
        )
        assert refused_fields(answer) == {"id": "unknown", "version": "unknown"}


@each
def test_only_the_fields_that_are_asked_for_are_shown(resource: Resource, keeper, patient):
    [row] = resource.rows(1, patient)
    path = resource.path(patient)

    assert keeper.get(f"{path}/{row.public_id}?fields=version,id").json() == {
        "id": str(row.public_id),
        "version": row.version,
    }
    assert {"id": str(row.public_id)} in keeper.get(f"{path}?fields=id").json()["results"]
    for wrong in ("", "pk", "id,patient__last_name", "id,,version", "*"):
        answer = keeper.get(f"{path}?fields={wrong}")
        assert (answer.status_code, set(refused_fields(answer))) == (422, {"fields"})


@each
def test_page_has_a_bounded_size(resource: Resource, keeper, patient):
    resource.rows(1, patient)
    path = resource.path(patient)

    for wrong in ("0", "-1", "201", "x", "", "1.0", "\u0661", "1e2", "99999999999999999999"):
        answer = keeper.get(f"{path}?limit={wrong}")
        assert (answer.status_code, set(refused_fields(answer))) == (422, {"limit"})
    assert [keeper.get(f"{path}?limit={right}").status_code for right in (1, 200)] == [200, 200]


@each
def test_every_order_gives_every_row_once_in_both_directions(resource: Resource, keeper, patient):
    rows = {str(row.public_id) for row in resource.rows(5, patient)}
    path = resource.path(patient)

    for name in resource.view.orders:
        for order in (name, f"-{name}"):
            url = f"{path}?ordering={order}&limit=2&fields=id"
            on, last = follow(keeper, url, "next")
            back, _first = follow(keeper, last, "previous")
            assert len(on) == len(set(on))
            assert rows <= set(on)
            assert back == on
        assert on[::-1] == follow(keeper, url.replace("=-", "="), "next")[0]


def follow(caller: Caller, url: str, direction: str) -> tuple[list[str], str]:
    found: list[str] = []
    while True:
        page = caller.get(url).json()
        ids = [row["id"] for row in page["results"]]
        found = [*found, *ids] if direction == "next" else [*ids, *found]
        if page[direction] is None:
            return found, url
        url = page[direction]


@each
def test_deep_page_neither_counts_nor_skips(resource: Resource, keeper, patient):
    resource.rows(5, patient)
    page = keeper.get(f"{resource.path(patient)}?limit=2").json()

    for address in (page["next"], keeper.get(page["next"]).json()["previous"]):
        with CaptureQueriesContext(
            connection,
        ) as statements:
            assert keeper.get(address).status_code == 200
        for statement in statements:
            assert "COUNT(" not in statement["sql"]
            assert "OFFSET" not in statement["sql"]


@pytest.mark.parametrize("resource", [one for one in EVERY if one.has_past], ids=str)
def test_records_as_of_now_are_the_records(resource: Resource, keeper, patient):
    before = timezone.now()
    [row] = resource.rows(1, patient)
    path, now = resource.path(patient), moment(timezone.now())

    assert (
        keeper.get(f"{path}?as_of={now}").json()["results"] == (keeper.get(path).json()["results"])
    )
    then = keeper.get(f"{path}/{row.public_id}?as_of={now}")
    assert then.json() == keeper.get(f"{path}/{row.public_id}").json()
    assert keeper.get(f"{path}/{row.public_id}?as_of={moment(before)}").status_code == 404
    for wrong in ("", "now", "2026-01-31", "2026-01-31T00:00:00", "0000-01-01T00:00:00Z"):
        answer = keeper.get(f"{path}?as_of={wrong}")
        assert (answer.status_code, set(refused_fields(answer))) == (422, {"as_of"})


@each
def test_nothing_is_deleted_and_the_answer_says_what_there_is(resource: Resource, keeper, patient):
    [row] = resource.rows(1, patient)
    address = f"{resource.path(patient)}/{row.public_id}"
    view: Any = resource.view

    answer = keeper.send("delete", address)

    assert (answer.status_code, "DELETE" in answer["Allow"]) == (405, False)
    if view.instead_of_delete:
        assert f"/{view.instead_of_delete} " in answer.json()["detail"]
    assert keeper.send("put", address).status_code == 405
    assert keeper.get(address).status_code == 200


@changed
def test_change_names_one_version_that_was_seen(resource: Resource, keeper, patient):
    [row] = resource.rows(1, patient)
    address = f"{resource.path(patient)}/{row.public_id}"

    def status(**headers: str) -> int:
        answer = keeper.send("patch", address, {"reason": "A mistake."}, **headers)
        return answer.status_code

    assert [status(), status(if_match=""), status(if_match="*")] == [428] * 3
    for malformed in (
        '"1", "2"',
        'W/"1"',
        "1",
        '"0"',
        '"01"',
        '"-1"',
        '"x"',
        '"1',
        '"99999999999999999999"',
        '"1";',
        "'1'",
    ):
        assert status(if_match=malformed) == 400, malformed
    stale = keeper.send("patch", address, {"reason": "A mistake."}, if_match='"77"')
    assert (stale.status_code, stale.json()["current_version"]) == (412, row.version)


@each
def test_answer_that_says_nothing_new_is_audited_like_one_that_does(resource, keeper, patient):
    [row] = resource.rows(1, patient)
    address = f"{resource.path(patient)}/{row.public_id}"

    def entries(**headers: str) -> tuple[int, bytes, list[Any]]:
        start = AuditEntry.objects.count()
        answer = keeper.get(address, **headers)
        assert answer["ETag"] == f'"{row.version}"'
        rows = AuditEntry.objects.order_by("id")[start:]
        columns = ("actor", "action", "patient_id", "subject_id", "fields", "channel")
        return answer.status_code, answer.content, list(rows.values_list(*columns))

    status, body, full = entries()
    tag = f'"{row.version}"'
    assert (status, bool(body)) == (200, True)
    assert len(full) == (2 if resource.prefix == "merges" else bool(resource.view.patient_column))
    for known in (tag, f"W/{tag}", f'"99", {tag}', "*"):
        assert entries(if_none_match=known) == (304, b"", full)
    for other in ('"99"', "1", "", '"', "," * 500, "é"):
        assert entries(if_none_match=other) == (200, body, full)


@each
def test_looking_without_reading_is_audited_too(resource: Resource, keeper, patient):
    [row] = resource.rows(1, patient)

    for address in (resource.path(patient), f"{resource.path(patient)}/{row.public_id}"):
        start = AuditEntry.objects.count()
        keeper.get(address)
        read = AuditEntry.objects.count() - start
        answer = keeper.client.head(f"/api/v1/{address}")
        assert (answer.status_code, answer.content) == (200, b"")
        assert AuditEntry.objects.count() - start == 2 * read


@each
def test_absent_record_is_refused_before_anything_else_is_looked_at(resource, keeper, patient):
    address = f"{resource.path(patient)}/{ABSENT}"
    bodies: tuple[Any, ...] = ({}, {"nonsense": 1})

    for body in bodies:
        if resource.takes("partial_update"):
            for headers in ({}, {"if_match": '"7"'}, {"if_match": "nonsense"}):
                assert keeper.send("patch", address, body, **headers).status_code == 404
    assert keeper.get(address, if_none_match="*").status_code == 404
    assert keeper.get(f"{address}?fields=id").status_code == 404
