"""Whom a lot reached."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records.domain import doses
from records.models import AuditEntry, Dose, Lot
from tests.bench import generate
from tests.bench.admin_pages import analyze
from tests.records import factories as make
from tests.records.api.calling import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def lot():
    return make.make_lot()


def reach(lot, many, **fields):
    clinic = fields.pop("clinic", None) or make.make_clinic()
    volunteer = make.make_volunteer(clinic)
    return [
        make.make_dose(
            patient=make.make_patient(clinic=clinic), lot=lot, clinic=clinic, volunteer=volunteer
        )
        for _ in range(many)
    ]


def affected(user, lot, rest=""):
    return Caller(user).get(f"lots/{lot.public_id}/affected{rest}")


def test_keeper_finds_everybody_who_got_a_dose(lot):
    given, voided = reach(lot, 2)
    reach(make.make_lot(), 1)
    doses.void_dose(by=make.system(), dose=voided, version=1, reason="wrong person")

    answer = affected(make.make_user("DBA"), lot).json()

    patient = given.patient
    assert answer["results"] == [
        {
            "dose": str(given.public_id),
            "administered_on": given.administered_on.isoformat(),
            "clinic": str(given.clinic.public_id),
            "patient": str(patient.public_id),
            "first_name": patient.first_name,
            "last_name": patient.last_name,
            "date_of_birth": patient.date_of_birth.isoformat(),
            "email": patient.email,
            "phone": patient.phone,
        }
    ]
    read = AuditEntry.objects.filter(action="patient.read").values_list("patient", "fields")
    assert list(read) == [(patient.pk, ["list"])]


def test_pages_lead_on_and_back_over_everybody_once(lot):
    made = [str(dose.public_id) for dose in reach(lot, 5)]
    caller = Caller(make.make_user("DBA"))

    first = caller.get(f"lots/{lot.public_id}/affected?limit=2&fields=dose").json()
    second = caller.get(first["next"]).json()
    third = caller.get(second["next"]).json()

    pages = [[row["dose"] for row in page["results"]] for page in (first, second, third)]
    assert pages == [made[:2], made[2:4], made[4:]]
    assert third["next"] is None
    assert caller.get(second["previous"]).json()["results"] == first["results"]


def test_volunteer_finds_those_of_their_clinics(lot):
    clinic = make.make_clinic()
    [here] = reach(lot, 1, clinic=clinic)
    reach(lot, 1)

    answer = affected(make.make_volunteer_user(clinic), lot).json()

    assert [row["dose"] for row in answer["results"]] == [str(here.public_id)]


def test_lot_that_reached_nobody_is_told_from_an_absent_one(lot):
    user = make.make_user("DBA")

    assert affected(user, lot).json()["results"] == []
    for rest in ("", "/counts"):
        absent = "00000000-0000-4000-8000-000000000000"
        caller = Caller(make.make_user("DBA"))
        assert caller.get(f"lots/{absent}/affected{rest}").status_code == 404


@pytest.mark.parametrize(
    ("role", "names", "numbers"),
    [
        ("DBA", 200, 200),
        ("Logistics", 403, 200),
        ("Volunteer", 200, 403),
        ("Analytics", 403, 403),
        ("Sales", 403, 403),
        ("Patient", 403, 403),
        ("User manager", 403, 403),
    ],
)
def test_names_are_for_who_treats_and_numbers_for_who_supplies(lot, role, names, numbers):
    user = make.make_user(role)

    assert affected(user, lot).status_code == names
    assert affected(user, lot, "/counts").status_code == numbers


def test_logistics_counts_by_clinic_and_sees_no_name(lot):
    first, *_ = reach(lot, 2, clinic=make.make_clinic(name="A"))
    second, *_ = reach(lot, 1, clinic=make.make_clinic(name="B"))
    make.make_dose(patient=second.patient, lot=lot, administered_on=make.days_ago(1))

    answer = affected(make.make_user("Logistics"), lot, "/counts")

    figures = [
        (row["clinic_name"], row["doses"], row["people"]) for row in answer.json()["results"]
    ]
    assert figures[:2] == [("A", 2, 2), ("B", 1, 1)]
    assert sum(doses for _, doses, _ in figures) == 4
    assert first.patient.last_name not in answer.content.decode()


def test_page_takes_as_many_queries_for_fifty_people_as_for_one(lot, django_assert_num_queries):
    reach(lot, 51)

    # Session; account with rights and second factor; page, audit.
    for limit in (1, 50):
        caller = Caller(make.make_user("DBA"))
        with django_assert_num_queries(4):
            page = caller.get(f"lots/{lot.public_id}/affected?limit={limit}").json()
        assert len(page["results"]) == limit


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_page_of_five_thousand_doses_reads_fifty_one_rows_in_the_order_of_an_index():
    generate.fill(patients=50_000, doses=100_000)
    lot = Lot.objects.get(pk=9)
    Dose.objects.filter(manufacturer=lot.manufacturer).update(lot_number=lot.number)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE records_dose")
    assert Dose.objects.filter(lot=lot).count() == 5000
    user = make.make_user("DBA")

    with CaptureQueriesContext(connection) as captured:
        page = affected(user, lot).json()
        second = Caller(user).get(page["next"]).json()

    assert len(page["results"]) == len(second["results"]) == 50
    asked = [
        query["sql"].partition("*/ ")[2]  # the bound on its time
        for query in captured
        if "FROM `records_dose`" in query["sql"]
    ]
    assert len(asked) == 2
    for sql in asked:
        steps = analyze(sql)
        doses_read = next(step for step in steps if step["table"] == "records_dose")
        assert doses_read["key"] == "dose_by_lot"
        assert float(doses_read["r_rows"]) <= 51
        assert not any("filesort" in step["Extra"] or step["type"] == "ALL" for step in steps)
