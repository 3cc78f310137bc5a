"""Lots over the API."""

import datetime as dt

import pytest

from accounts.roles import LOGISTICS
from records.domain.deletion import delete_record
from records.models import Dose, Lot
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.api.reference_kinds import WHY, lot_body, product
from tests.records.domain.operations import everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def logistics():
    return Caller(make.make_user(LOGISTICS.name))


def numbers(caller, query):
    return [row["number"] for row in caller.get(f"lots?{query}").json()["results"]]


def test_lot_names_what_it_is_of_by_their_ids(logistics):
    lot = make.make_lot(eu_product=product(), expires_on=dt.date(2030, 1, 31))

    assert logistics.get(f"lots/{lot.public_id}").json() == {
        "id": str(lot.public_id),
        "version": 1,
        "manufacturer": str(lot.manufacturer.public_id),
        "number": lot.number,
        "vaccine": str(lot.vaccine.public_id),
        "expires_on": "2030-01-31",
        "eu_product": str(lot.eu_product.public_id),
        "recalled_on": None,
        "recall_reason": "",
    }


def test_recall_stays_with_day_and_reason_until_it_is_lifted(logistics):
    lot = make.make_lot()
    address = f"lots/{lot.public_id}"
    body = {"recalled_on": "2026-02-01", "reason": "Broken cold chain."}

    recalled = logistics.post(f"{address}/recall", body, if_match='"1"')
    lifted = logistics.post(f"{address}/lift-recall", {"reason": WHY}, if_match='"2"')

    told = recalled.json()
    assert (told["recalled_on"], told["recall_reason"]) == ("2026-02-01", "Broken cold chain.")
    assert (lifted.json()["recalled_on"], lifted.json()["recall_reason"]) == (None, "")
    assert lifted["ETag"] == '"3"'


def test_recall_under_the_same_key_is_answered_and_not_repeated(logistics):
    lot = make.make_lot()
    body = {"recalled_on": "2026-02-01", "reason": "Broken cold chain."}

    first, second = (
        logistics.post(f"lots/{lot.public_id}/recall", body, key="k", if_match='"1"')
        for _ in range(2)
    )

    assert (second.status_code, second.content) == (200, first.content)
    assert Lot.objects.get().version == 2


def test_number_is_corrected_and_the_doses_follow(logistics):
    dose = make.make_dose()
    address = f"lots/{dose.lot.public_id}"

    direct = logistics.patch(address, {"number": "AB1", "reason": WHY}, version=1)
    answer = logistics.post(f"{address}/renumber", {"number": "AB1", "reason": WHY}, if_match='"1"')

    assert (direct.status_code, refused_fields(direct)) == (422, {"number": "unknown"})
    assert (answer.status_code, answer.json()["number"]) == (200, "AB1")
    assert Dose.objects.get().lot_number == "AB1"


def test_number_is_taken_only_within_one_manufacturer(logistics):
    body = lot_body()
    other = body | {"manufacturer": lot_body()["manufacturer"]}

    assert logistics.post("lots", body).status_code == 201
    assert logistics.post("lots", other).status_code == 201
    assert logistics.post("lots", body).status_code == 409


@pytest.mark.parametrize("name", ["manufacturer", "vaccine"])
@pytest.mark.parametrize(
    "value", ["00000000-0000-4000-8000-000000000000", "1", 1, None, ["x"], {"id": "x"}]
)
def test_reference_that_leads_nowhere_is_named(logistics, name, value):
    body = lot_body()
    before = everything()

    answer = logistics.post("lots", body | {name: value})

    assert (answer.status_code, set(refused_fields(answer))) == (422, {name})
    assert everything() == before


def test_lot_as_of_a_moment_is_of_the_vaccine_it_was_thought_to_be(logistics):
    wrong, right = make.make_vaccine(), make.make_vaccine()
    lot = make.make_lot(vaccine=wrong)
    address = f"lots/{lot.public_id}"
    moment = lot.history.get().history_date.isoformat().replace("+00:00", "Z")
    body = {"vaccine": str(right.public_id), "reason": WHY}
    assert logistics.patch(address, body, version=1).json()["vaccine"] == str(right.public_id)

    assert logistics.get(f"{address}?as_of={moment}").json()["vaccine"] == str(wrong.public_id)
    then = f"lots?as_of={moment}&vaccine="
    assert len(logistics.get(f"{then}{wrong.public_id}").json()["results"]) == 1
    assert logistics.get(f"{then}{right.public_id}").json()["results"] == []


def test_lot_as_of_a_moment_names_a_vaccine_that_was_deleted_since(logistics):
    wrong, right = make.make_vaccine(diseases=[]), make.make_vaccine()
    lot = make.make_lot(vaccine=wrong)
    address, name = f"lots/{lot.public_id}", str(wrong.public_id)
    moment = lot.history.get().history_date.isoformat().replace("+00:00", "Z")
    body = {"vaccine": str(right.public_id), "reason": WHY}
    assert logistics.patch(address, body, version=1).status_code == 200
    delete_record(by=make.system(), record=wrong, version=1, reason=WHY)

    then = logistics.get(f"{address}?as_of={moment}").json()

    assert (then["vaccine"], then["manufacturer"]) == (name, str(lot.manufacturer.public_id))
    assert then["eu_product"] is None


def test_eu_product_is_chosen_and_taken_away(logistics):
    lot, chosen = make.make_lot(), product()
    address = f"lots/{lot.public_id}"
    body = {"eu_product": str(chosen.public_id), "reason": WHY}

    assert logistics.patch(address, body, version=1).json()["eu_product"] == str(chosen.public_id)
    body = {"eu_product": None, "reason": WHY}
    assert logistics.patch(address, body, version=2).json()["eu_product"] is None


def test_lots_are_found_by_what_they_are(logistics):
    maker, vaccine = make.make_manufacturer(), make.make_vaccine()
    make.make_lot(number="A1", manufacturer=maker, expires_on=dt.date(2030, 6, 30))
    make.make_lot(number="a1", vaccine=vaccine, expires_on=dt.date(2031, 6, 30))
    make.make_lot(number="B1")
    recalled = Lot.objects.get(number="B1")
    body = {"recalled_on": "2026-02-01", "reason": WHY}
    logistics.post(f"lots/{recalled.public_id}/recall", body, if_match='"1"')

    for query, found in {
        f"manufacturer={maker.public_id}": ["A1"],
        f"vaccine={vaccine.public_id}": ["a1"],
        "number=A1": ["A1"],
        "expires_before=2031-01-01": ["A1"],
        "expires_before=2030-06-30": [],
        "expires_after=2030-06-30": ["a1"],
        "recalled=true": ["B1"],
        "recalled=false": ["A1", "a1"],
        "recalled=false&number=a1": ["a1"],
    }.items():
        assert numbers(logistics, query) == found, query


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("recalled=perhaps", "recalled"),
        ("expires_before=soon", "expires_before"),
        ("vaccine=7", "vaccine"),
    ],
)
def test_filter_that_means_nothing_is_refused(logistics, query, name):
    answer = logistics.get(f"lots?{query}")

    assert (answer.status_code, set(refused_fields(answer))) == (422, {name})


def test_lots_by_last_day_end_with_those_of_an_unknown_one(logistics):
    days = {"A": None, "B": dt.date(2031, 1, 1), "C": dt.date(2030, 1, 1), "D": None}
    for number, day in days.items():
        make.make_lot(number=number, expires_on=day)

    found, page = [], "lots?ordering=expires_on&limit=1"
    while page:
        answer = logistics.get(page).json()
        found += [row["number"] for row in answer["results"]]
        page = answer["next"]

    assert found == ["C", "B", "A", "D"]
    assert numbers(logistics, "ordering=-expires_on") == ["D", "A", "B", "C"]


def test_lot_is_not_deleted_but_recalled(logistics):
    lot = make.make_lot()

    answer = logistics.send("delete", f"lots/{lot.public_id}")

    assert (answer.status_code, "/recall" in answer.json()["detail"]) == (405, True)
    assert Lot.objects.count() == 1
