"""What every kind of reference data and staffing does alike over the API."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.roles import ANALYTICS, DBA, LOGISTICS, PATIENT, SALES, USER_MANAGER, VOLUNTEER
from records.models import AuditEntry
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.api.reference_kinds import KINDS, RETIRABLE, WHY
from tests.records.domain.operations import everything

pytestmark = pytest.mark.django_db

every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
every_retirable = pytest.mark.parametrize("kind", RETIRABLE, ids=str)
ABSENT = "00000000-0000-4000-8000-000000000000"
CHANGED = {
    "clinics": {"name": "South"},
    "manufacturers": {"name": "South"},
    "vaccines": {"short_name": "South"},
    "eu-products": {"name": "South"},
    "lots": {"expires_on": "2031-01-31"},
    "volunteers": {"last_name": "South"},
}


@every_kind
def test_new_record_is_answered_as_it_is_read(kind):
    caller, body = Caller(make.make_user(kind.keeper)), kind.body()

    added = caller.post(kind.path, body)
    read = caller.get(added["Location"])

    assert (added.status_code, added["ETag"]) == (201, '"1"')
    assert read.content == added.content
    told = added.json()
    assert {name: told[name] for name in body} == body | {
        name: sorted(value) for name, value in body.items() if isinstance(value, list)
    }


@every_kind
def test_wrong_value_is_named_and_nothing_is_added(kind):
    caller = Caller(make.make_user(kind.keeper))
    body = kind.body() | kind.wrong
    before = everything()

    answer = caller.post(kind.path, body)

    assert (answer.status_code, set(refused_fields(answer))) == (422, set(kind.wrong))
    assert everything() == before


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.path != "assignments"], ids=str)
def test_key_that_is_taken_is_a_conflict(kind):
    caller, body = Caller(make.make_user(kind.keeper)), kind.body()
    caller.post(kind.path, body)

    answer = caller.post(kind.path, body)

    assert answer.status_code == 409
    assert set(refused_fields(answer).values()) <= {"taken", "unique"}


@every_kind
@pytest.mark.parametrize("name", ["version", "retired_on", "public_id"])
def test_field_that_is_not_open_is_refused(kind, name):
    caller = Caller(make.make_user(kind.keeper))

    answer = caller.post(kind.path, kind.body() | {name: "2"})

    assert (answer.status_code, refused_fields(answer)) == (422, {name: "unknown"})


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.path in CHANGED], ids=str)
def test_correction_keeps_its_reason(kind):
    caller, row = Caller(make.make_user(kind.keeper)), kind.make()
    address, change = f"{kind.path}/{row.public_id}", CHANGED[kind.path]

    without = caller.patch(address, change, version=1)
    answer = caller.patch(address, change | {"reason": WHY}, version=1)

    assert (without.status_code, set(refused_fields(without))) == (422, {"reason"})
    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    assert {name: answer.json()[name] for name in change} == change
    assert type(row).history.get(id=row.pk, version=2).history_change_reason == WHY


@every_retirable
def test_change_outside_has_a_day_and_a_correction_has_none(kind):
    caller, row = Caller(make.make_user(kind.keeper)), kind.make()
    address, body = f"{kind.path}/{row.public_id}", CHANGED[kind.path] | {"reason": WHY}

    corrected = caller.patch(address, body, version=1).json()
    again = dict.fromkeys(CHANGED[kind.path], "West")
    day = {"effective_from": "2026-02-01", "reason": WHY}
    changed = caller.patch(address, again | day, version=2).json()

    assert corrected["effective_from"] is None
    assert changed["effective_from"] == "2026-02-01"
    actions = AuditEntry.objects.filter(subject_id=row.public_id).order_by("id")
    verbs = [entry.action.partition(".")[2] for entry in actions]
    assert [verb for verb in verbs if verb in ("corrected", "changed")] == ["corrected", "changed"]


@every_retirable
def test_retired_record_comes_back(kind):
    caller, row = Caller(make.make_user(kind.keeper)), kind.make()
    address = f"{kind.path}/{row.public_id}"

    deleted = caller.send("delete", address)
    body = {"retired_on": "2026-01-31", "reason": "Closed."}
    retired = caller.post(f"{address}/retire", body, if_match='"1"')
    stale = caller.post(f"{address}/reinstate", {"reason": WHY}, if_match='"1"')
    back = caller.post(f"{address}/reinstate", {"reason": WHY}, if_match='"2"')

    assert (deleted.status_code, "/retire" in deleted.json()["detail"]) == (405, True)
    assert retired.json()["retired_on"] == "2026-01-31"
    assert stale.status_code == 412
    assert (back.json()["retired_on"], back["ETag"]) == (None, '"3"')


@every_kind
def test_record_as_of_a_moment_is_what_it_was(kind):
    caller, row = Caller(make.make_user(kind.keeper)), kind.make()
    address = f"{kind.path}/{row.public_id}"
    first = caller.get(address).json()
    moment = type(row).history.get(id=row.pk).history_date.isoformat().replace("+00:00", "Z")
    if kind.path == "assignments":
        end = {"ends_on": make.days_ago(1).isoformat()}
        assert caller.post(f"{address}/end", end, if_match='"1"').status_code == 200
    else:
        body = CHANGED[kind.path] | {"reason": WHY}
        assert caller.patch(address, body, version=1).status_code == 200

    then = caller.get(f"{address}?as_of={moment}")
    listed = caller.get(f"{kind.path}?as_of={moment}").json()["results"]

    if kind.path == "vaccines":  # its diseases are rows of their own, entered right after it
        first["diseases"] = []
    assert then.json() == first
    assert listed == [first]
    assert caller.get(address).json()["version"] == 2


@every_kind
@pytest.mark.parametrize("rows", [1, 50])
def test_list_costs_the_same_however_long(kind, rows):
    caller = Caller(make.make_user(kind.keeper))
    for _ in range(rows):
        kind.make()

    with CaptureQueriesContext(connection) as queries:
        listed = caller.get(kind.path)

    assert len(listed.json()["results"]) == rows
    # Besides those that find out who calls.
    assert sum("records_" in query["sql"] for query in queries) == kind.queries


@every_kind
@pytest.mark.parametrize(
    ("role", "reads"),
    [
        (VOLUNTEER.name, True),
        (LOGISTICS.name, True),
        (ANALYTICS.name, True),
        (SALES.name, True),
        (DBA.name, True),
        (USER_MANAGER.name, False),
        (PATIENT.name, False),
    ],
)
def test_role_reads_what_it_needs_and_no_more(kind, role, reads):
    row = kind.make()
    if kind.path == "clinics":
        reads = reads or role == PATIENT.name
    caller = Caller(make.make_user(role))
    staffing = kind.path in ("volunteers", "assignments")
    if staffing and role in (LOGISTICS.name, ANALYTICS.name):
        reads = False

    listed, read = caller.get(kind.path), caller.get(f"{kind.path}/{row.public_id}")

    if not reads:
        assert (listed.status_code, read.status_code) == (403, 403)
    elif staffing and role == VOLUNTEER.name:  # only what is their own
        assert (listed.json()["results"], read.status_code) == ([], 404)
    else:
        assert [each["id"] for each in listed.json()["results"]] == [str(row.public_id)]
        assert read.status_code == 200


@every_kind
def test_role_that_does_not_keep_it_is_refused_before_the_look_up(kind):
    row, caller = kind.make(), Caller(make.make_user(VOLUNTEER.name))
    before = everything()

    assert caller.post(kind.path, kind.wrong).status_code == 403
    for key in (row.public_id, ABSENT):
        address = f"{kind.path}/{key}"
        if kind.path in CHANGED:
            assert caller.patch(address, {}, version=None).status_code == 403
        if kind in RETIRABLE:
            assert caller.post(f"{address}/retire", {}).status_code == 403
            assert caller.post(f"{address}/reinstate", {}).status_code == 403
    assert everything() == before


@every_kind
@pytest.mark.parametrize("query", ["nonsense=1", "expand=vaccine", "page=2"])
def test_parameter_that_does_not_exist_is_refused(kind, query):
    answer = Caller(make.make_user(DBA.name)).get(f"{kind.path}?{query}")

    assert (answer.status_code, refused_fields(answer)) == (
        422,
        {query.partition("=")[0]: "unknown"},
    )


@every_retirable
def test_day_that_is_no_day_is_refused(kind):
    caller, row = Caller(make.make_user(kind.keeper)), kind.make()
    body = {"retired_on": "31/01/2026", "reason": WHY}

    answer = caller.post(f"{kind.path}/{row.public_id}/retire", body, if_match='"1"')

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"retired_on"})


def test_change_of_tomorrow_is_refused():
    sales, clinic = Caller(make.make_user(SALES.name)), make.make_clinic()
    tomorrow = (make.days_ago(0) + dt.timedelta(days=2)).isoformat()
    body = {"name": "South", "effective_from": tomorrow, "reason": WHY}

    answer = sales.patch(f"clinics/{clinic.public_id}", body, version=1)

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"effective_from"})
