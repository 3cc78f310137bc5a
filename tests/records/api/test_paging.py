"""Pages by cursor while rows come and go, and cursors that somebody made up."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.api.paging import Page
from records.models import Clinic, Patient
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

pytestmark = pytest.mark.django_db

# What some collations take for equal, and sorts in ways of its own.
NAMES = st.sampled_from(["a", "A", "á", "b", "B ", "b", "ss", "ß", "Z", "日", "'; --", "%", "\\"])
CHANGES = st.lists(st.tuples(st.sampled_from(["add", "remove", "nothing"]), NAMES), max_size=12)
_codes = itertools.count()


@pytest.fixture
def reader() -> Caller:
    return Caller(make.make_user("Analytics"))


def clinics(names: list[str]) -> list[Clinic]:
    rows = [Clinic(code=f"P{next(_codes)}", name=name) for name in names]
    return Clinic.objects.bulk_create(rows)


def pages(caller: Caller, url: str, direction: str, change: Any = None) -> Any:
    """Yield the ids of a list, page by page, with something changed after each."""
    while url is not None:
        page = caller.get(url).json()
        yield [row["id"] for row in page["results"]], url
        if change is not None:
            change()
        url = page[direction]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(NAMES, max_size=14),
    changes=CHANGES,
    order=st.sampled_from(["id", "-id", "name", "-name", "code", "-code"]),
    limit=st.integers(1, 4),
    backwards=st.booleans(),
)
def test_each_row_comes_once_while_others_come_and_go(
    reader, names, changes, order, limit, backwards
):
    Clinic.objects.all().delete()
    rows = {str(row.public_id): row.pk for row in clinics(names)}
    stayed, was = set(rows), set(rows)
    todo = iter(changes)

    def change() -> None:
        what, name = next(todo, ("nothing", ""))
        if what == "add":
            [row] = clinics([name])
            rows[str(row.public_id)] = row.pk
            was.add(str(row.public_id))
        elif what == "remove" and rows:
            gone = sorted(rows)[len(name) % len(rows)]
            Clinic.objects.filter(pk=rows.pop(gone)).delete()
            stayed.discard(gone)

    url = f"clinics?ordering={order}&limit={limit}"
    if backwards:
        whole = list(pages(reader, url, "next"))
        seen = [list(reversed(ids)) for ids, _ in pages(reader, whole[-1][1], "previous", change)]
    else:
        seen = [ids for ids, _ in pages(reader, url, "next", change)]

    found = [one for ids in seen for one in ids]
    assert len(found) == len(set(found))
    assert stayed <= set(found) <= was
    assert all(len(ids) <= limit for ids in seen)


def test_page_before_the_first_row_says_that_nothing_comes_before(reader):
    clinics(["a"] * 5)
    first = reader.get("clinics?limit=2").json()
    second = reader.get(first["next"]).json()

    again = reader.get(second["previous"]).json()

    assert (first["previous"], again["previous"]) == (None, None)
    assert again["results"] == first["results"]
    assert reader.get(again["next"]).json()["results"] == second["results"]


@pytest.mark.parametrize("lost", ["B", "C"])
def test_list_goes_on_though_a_row_is_lost_while_its_page_is_read(monkeypatch, lost):
    make.ensure_roles()
    keeper = Caller(make.make_user("DBA"))
    for name in "ABCD":
        make.make_patient(first_name=name, last_name="Novak")
    find = Page.find

    def losing(page: Page, rows: Any) -> Any:
        found = find(page, rows)
        Patient.objects.filter(first_name=lost).update(last_name_key="kovac")
        return found

    monkeypatch.setattr(Page, "find", losing)
    page = keeper.get("patients?last_name=novak&limit=2").json()
    rest = keeper.get(page["next"]).json()

    names = [row["first_name"] for row in (*page["results"], *rest["results"])]
    assert names == [name for name in "ABCD" if name != lost]


def test_list_that_has_lost_its_rows_ends(reader):
    clinics(["a"] * 5)
    on = reader.get("clinics?limit=2").json()["next"]
    Clinic.objects.all().delete()

    assert reader.get(on).json() == {"results": [], "next": None, "previous": None}


def test_pages_of_the_past_are_what_they_were(reader):
    rows = [make.make_clinic(name=name) for name in "abcde"]
    then = timezone.now().isoformat().replace("+00:00", "Z")
    walk = pages(reader, f"clinics?as_of={then}&limit=2&ordering=-name", "next")
    seen = [next(walk)[0]]
    make.make_clinic(name="c")
    Clinic.objects.filter(pk=rows[0].pk).update(name="zz")

    seen += [ids for ids, _ in walk]

    assert [one for ids in seen for one in ids] == [str(row.public_id) for row in rows[::-1]]


def test_link_keeps_what_was_asked_for(reader):
    clinics(["North 1", "North 2", "North 3", "South"])

    on = reader.get("clinics?limit=2&name=north&fields=name,id&ordering=-name").json()["next"]

    asked = parse_qs(urlsplit(on).query)
    assert {name: value for name, [value] in asked.items() if name != "since"} == {
        "limit": "2",
        "name": "north",
        "fields": "name,id",
        "ordering": "-name",
    }


@pytest.fixture
def cursor(reader) -> str:
    clinics(["Zurich", "Zurich", "Zurich"])
    on = reader.get("clinics?limit=1&ordering=name").json()["next"]
    return parse_qs(urlsplit(on).query)["since"][0]


def test_cursor_tells_nothing(cursor):
    raw = base64.urlsafe_b64decode(cursor)

    assert b"Zurich" not in raw
    assert b"name" not in raw
    assert b"/api/" not in raw


def refused(answer: Any, parameter: str) -> str:
    assert (answer.status_code, list(refused_fields(answer))) == (422, [parameter])
    return answer.json()["errors"][0]["detail"]


def test_cursor_is_good_for_its_own_list_order_and_reader_only(reader, cursor):
    make.make_manufacturer(name="Zurich")
    other = Caller(make.make_user("Analytics"))
    assert reader.get(f"clinics?ordering=name&since={cursor}").status_code == 200
    assert reader.get(f"clinics?ordering=name&before={cursor}").status_code == 200

    words = {
        refused(caller.get(f"{address}&{parameter}={cursor}"), parameter)
        for parameter in ("since", "before")
        for caller, address in (
            (other, "clinics?ordering=name"),
            (reader, "clinics?ordering=-name"),
            (reader, "clinics?ordering=code"),
            (reader, "manufacturers?ordering=name"),
        )
    }

    assert len(words) == 1
    assert refused(reader.get(f"clinics?since={cursor}&before={cursor}"), "before")


def test_cursor_that_was_made_up_is_refused(reader, cursor):
    def forged(content: Any, key: bytes) -> str:
        return Fernet(key).encrypt(json.dumps(content).encode()).decode()

    made_up = [
        "0",
        "1",
        "x" * 100_000,
        "é",
        "\0",
        "\ud7ff",
        cursor[:-1],
        cursor[1:],
        cursor + "A",
        cursor[:20] + ("A" if cursor[20] != "A" else "B") + cursor[21:],
        forged(["clinics", "Zurich", 1], Fernet.generate_key()),
        base64.urlsafe_b64encode(b'["name","Zurich",1]').decode(),
    ]
    words = {
        refused(reader.get(f"clinics?ordering=name&since={quote(one)}"), "since") for one in made_up
    }

    assert len(words) == 1
