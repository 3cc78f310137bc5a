"""Doses over the API."""

import datetime as dt

import pytest

from accounts.roles import DBA
from records.domain import lookup, lots
from records.models import AuditEntry, Dose
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.api.dose_bodies import Clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return Clinic()


@pytest.fixture
def keeper():
    return Caller(make.make_user(DBA.name))


def test_dose_is_recorded_and_read_again(clinic):
    answer = clinic.caller.post("doses", clinic.given(site="LA", route="IM"))

    assert answer.status_code == 201
    dose = answer.json()
    assert dose == {
        "id": dose["id"],
        "version": 1,
        "patient": str(clinic.patient.public_id),
        "status": "completed",
        "status_reason": "",
        "administered_on": clinic.clinic.today().isoformat(),
        "lot": str(clinic.lot.public_id),
        "lot_number": clinic.lot.number,
        "manufacturer": str(clinic.lot.manufacturer.public_id),
        "vaccine": str(clinic.lot.vaccine.public_id),
        "dose_number": 1,
        "clinic": str(clinic.clinic.public_id),
        "volunteer": str(clinic.user.volunteer.public_id),
        "site": "LA",
        "route": "IM",
        "primary_source": True,
        "external_source": None,
        "external_id": None,
    }
    read = clinic.caller.get(answer["Location"])
    assert (read.json(), read["ETag"]) == (dose, '"1"')
    assert clinic.caller.get("doses").json()["results"] == [dose]


def test_dose_is_recorded_in_few_statements_with_the_assignments_read_once(
    clinic, django_assert_max_num_queries
):
    clinic.caller.post("doses", clinic.given())
    other = clinic.given(patient=str(make.make_patient(clinic=clinic.clinic).public_id))

    with django_assert_max_num_queries(30) as asked:
        assert clinic.caller.post("doses", other).status_code == 201

    days = [query for query in asked.captured_queries if "ends_on" in query["sql"].split("FROM")[0]]
    assert len(days) == 1


def test_dose_without_a_key_is_refused(clinic):
    answer = clinic.caller.post("doses", clinic.given(), key=None)

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:vaxpass:problem:idempotency-key-needed"


def test_dose_of_a_paper_card_names_its_vaccine(clinic):
    vaccine, maker = make.make_vaccine(), make.make_manufacturer()
    body = {
        "patient": str(clinic.patient.public_id),
        "vaccine": str(vaccine.public_id),
        "manufacturer": str(maker.public_id),
        "administered_on": "2021-03-04",
        "primary_source": False,
    }

    dose = clinic.caller.post("doses", body).json()

    assert (dose["vaccine"], dose["manufacturer"], dose["lot"], dose["clinic"]) == (
        str(vaccine.public_id),
        str(maker.public_id),
        None,
        None,
    )


def test_every_broken_rule_is_named(clinic):
    tomorrow = clinic.clinic.today() + dt.timedelta(days=2)
    body = clinic.given(administered_on=tomorrow.isoformat(), lot=None)

    assert refused_fields(clinic.caller.post("doses", body)) == {"lot": "lot_or_vaccine"}
    body["lot"] = str(clinic.lot.public_id)
    assert refused_fields(clinic.caller.post("doses", body)) == {"administered_on": "in_future"}


def test_dose_that_a_person_has_to_judge_is_asked_about(clinic):
    vaccine = make.make_vaccine(doses_in_series=2, min_interval_days=60)
    clinic.lot = make.make_lot(vaccine=vaccine)
    clinic.dose(administered_on=make.days_ago(10))

    asked = clinic.caller.post("doses", clinic.given(), key="k")
    codes = [warning["code"] for warning in asked.json()["warnings"]]
    answer = clinic.caller.post("doses", clinic.given(confirmed=codes), key="k")

    assert (asked.status_code, codes) == (409, ["short_interval"])
    assert (answer.status_code, answer.json()["dose_number"]) == (201, 2)


def test_taken_number_is_a_conflict(clinic):
    taken = clinic.dose()

    answer = clinic.caller.post("doses", clinic.given(dose_number=taken.dose_number))

    assert (answer.status_code, set(refused_fields(answer))) == (409, {"dose_number"})


@pytest.mark.parametrize("field", ["patient", "lot", "clinic", "volunteer"])
def test_reference_out_of_sight_is_refused_as_an_absent_one(clinic, field):
    hidden = {
        "patient": make.make_patient(clinic=make.make_clinic()),
        "volunteer": make.make_volunteer(clinic.clinic),
    }
    absent = "00000000-0000-4000-8000-000000000000"

    answers = [clinic.caller.post("doses", clinic.given(**{field: absent}))]
    if field in hidden:
        body = clinic.given(**{field: str(hidden[field].public_id)})
        answers.append(clinic.caller.post("doses", body))

    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.content for answer in answers}) == 1
    assert refused_fields(answers[0]) == {field: "does_not_exist"}


def test_dose_at_a_clinic_of_others_is_forbidden(clinic):
    elsewhere = make.make_clinic()

    answer = clinic.caller.post("doses", clinic.given(clinic=str(elsewhere.public_id)))

    assert answer.status_code == 403


def test_amended_dose_takes_what_was_sent(clinic):
    dose, lot = clinic.dose(), make.make_lot()
    body = {"lot": str(lot.public_id), "reason": "Read the wrong vial."}

    answer = clinic.caller.patch(f"doses/{dose.public_id}", body, version=1)

    changed = answer.json()
    assert (changed["version"], changed["lot"], changed["lot_number"]) == (
        2,
        str(lot.public_id),
        lot.number,
    )
    assert changed["manufacturer"] == str(lot.manufacturer.public_id)
    assert dose.history.get(version=2).history_change_reason == "Read the wrong vial."


def test_amendment_without_a_reason_is_refused(clinic):
    dose = clinic.dose()

    answer = clinic.caller.patch(f"doses/{dose.public_id}", {"site": "RA"}, version=1)

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"reason"})


def test_voided_dose_stays_readable(clinic):
    dose = clinic.dose()
    address = f"doses/{dose.public_id}"

    answer = clinic.caller.post(f"{address}/void", {"reason": "Wrong person."}, if_match='"1"')

    assert answer.json() | {"status": "entered-in-error", "status_reason": "Wrong person."} == (
        answer.json()
    )
    assert clinic.caller.get(address).json() == answer.json()


def test_delete_points_at_void(clinic):
    answer = clinic.caller.send("delete", f"doses/{clinic.dose().public_id}")

    assert answer.status_code == 405
    assert "void" in answer.json()["detail"]


def test_filters_find_what_they_name(keeper):
    mine = make.make_dose(administered_on=make.days_ago(5))
    other = make.make_dose(administered_on=make.days_ago(50))
    paper = make.make_dose(vaccine=make.make_vaccine(), administered_on=make.days_ago(500))
    voided = make.make_dose(administered_on=make.days_ago(5), patient=mine.patient)
    body = {"reason": "Twice."}
    keeper.post(f"doses/{voided.public_id}/void", body, if_match='"1"')
    found = {
        f"patient={mine.patient.public_id}": {mine, voided},
        f"clinic={mine.clinic.public_id}": {mine},
        f"lot={mine.lot.public_id}": {mine},
        f"vaccine={mine.lot.vaccine.public_id}": {mine},
        f"vaccine={paper.vaccine.public_id}": {paper},
        f"manufacturer={other.manufacturer.public_id}": {other},
        f"volunteer={other.volunteer.public_id}": {other},
        f"status=entered-in-error&patient={mine.patient.public_id}": {voided},
        f"status=entered-in-error&administered_from={mine.administered_on}": {voided},
        f"vaccine={make.make_vaccine().public_id}": set(),
        "vaccine=00000000-0000-4000-8000-000000000000": set(),
        f"administered_on={mine.administered_on}": {mine, voided},
        f"administered_from={other.administered_on}": {mine, other, voided},
        f"administered_to={other.administered_on}": {other, paper},
        f"patient={mine.patient.public_id}&status=completed": {mine},
        f"lot={mine.lot.public_id}&clinic={other.clinic.public_id}": set(),
    }
    now = f"as_of={dt.datetime.now(dt.UTC).isoformat().replace('+00:00', 'Z')}"

    for query, doses in found.items():
        for asked in (query, f"{query}&{now}"):
            rows = keeper.get(f"doses?fields=id&{asked}").json()["results"]
            assert {row["id"] for row in rows} == {str(dose.public_id) for dose in doses}, asked


@pytest.mark.parametrize("query", ["status=completed", "external_id=7"])
def test_filter_that_would_read_all_doses_needs_another(keeper, query):
    answer = keeper.get(f"doses?{query}")

    assert (answer.status_code, set(refused_fields(answer).values())) == (422, {"alone"})


def test_list_costs_the_same_for_many(clinic, django_assert_num_queries):
    for _ in range(50):
        clinic.dose(patient=make.make_patient(clinic=clinic.clinic))
    assert len(clinic.caller.get("doses?limit=1").json()["results"]) == 1

    counted = []
    for limit in (1, 50):
        with django_assert_num_queries(10, exact=False) as queries:
            rows = clinic.caller.get(f"doses?limit={limit}").json()["results"]
        assert len(rows) == limit
        counted.append(len(queries))

    assert counted[0] == counted[1]


def test_list_notes_each_patient_that_it_shows_and_nobody_else(clinic):
    doses = [clinic.dose(patient=make.make_patient(clinic=clinic.clinic)) for _ in range(3)]

    clinic.caller.get("doses?limit=2")

    noted = AuditEntry.objects.filter(action="patient.read").values_list("patient_id", "fields")
    assert sorted(noted) == sorted((dose.patient_id, ["list"]) for dose in doses[:2])


def test_patients_see_their_doses_and_change_none(clinic):
    mine, other = clinic.dose(), clinic.dose(patient=make.make_patient(clinic=clinic.clinic))
    user = make.make_user("Patient")
    make.make_grant(user, clinic.patient)
    caller = Caller(user)

    listed = caller.get("doses?fields=id").json()["results"]

    assert listed == [{"id": str(mine.public_id)}]
    assert caller.get(f"doses/{other.public_id}").status_code == 404
    assert caller.post("doses", clinic.given()).status_code == 403
    void = caller.post(f"doses/{mine.public_id}/void", {"reason": "No."}, if_match='"1"')
    assert void.status_code == 403


def test_past_dose_names_the_lot_by_its_number_then(keeper):
    dose = make.make_dose(lot=make.make_lot(number="OLD"))
    recorded = dose.history.get(version=1).history_date
    lot = dose.lot
    lots.renumber_lot(by=make.system(), lot=lot, version=1, reason="Misread.", number="NEW")
    make.make_lot(manufacturer=lot.manufacturer, number="OLD")
    moment = recorded.isoformat().replace("+00:00", "Z")

    then = keeper.get(f"doses/{dose.public_id}?as_of={moment}").json()
    now = keeper.get(f"doses/{dose.public_id}").json()

    assert (then["lot_number"], then["lot"]) == ("OLD", str(lot.public_id))
    assert (now["lot_number"], now["lot"]) == ("NEW", str(lot.public_id))
    assert then["vaccine"] == now["vaccine"] == str(lot.vaccine.public_id)


def test_repeat_gets_the_same_answer_after_the_lot_was_renumbered(clinic):
    body = clinic.given()
    first = clinic.caller.post("doses", body, key="k")
    lots.renumber_lot(
        by=make.system(), lot=clinic.lot, version=1, reason="Misread.", number="ANOTHER"
    )

    assert clinic.caller.post("doses", body, key="k").content == first.content
    assert Dose.objects.count() == 1


@pytest.fixture
def elsewhere(monkeypatch):
    """Put a dose with an id of another system on record, at another clinic."""
    monkeypatch.setattr(lookup, "PER_HOUR", 2)
    return make.make_dose(external_source="emr", external_id="7")


TAKEN = {"external_source": "emr", "external_id": "7"}


def test_external_id_that_is_taken_elsewhere_counts_as_a_search(clinic, elsewhere):
    answers = [clinic.caller.post("doses", clinic.given(**TAKEN)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [409, 409, 429]
    assert str(elsewhere.public_id) not in answers[0].text
    found = AuditEntry.objects.filter(action=lookup.MATCHED, actor=clinic.user)
    assert [entry.patient_id for entry in found] == [elsewhere.patient_id] * 2
    searches = AuditEntry.objects.filter(action=lookup.SEARCHED, actor=clinic.user)
    assert {entry.patient_id for entry in searches} == {clinic.patient.pk}


def test_external_id_that_is_taken_in_sight_is_no_search(clinic):
    clinic.dose(administered_on=make.days_ago(9), **TAKEN)

    answer = clinic.caller.post("doses", clinic.given(**TAKEN, confirmed=["short_interval"]))

    assert (answer.status_code, refused_fields(answer)) == (409, {"external_id": "taken"})
    assert not AuditEntry.objects.filter(action=lookup.SEARCHED).exists()


def test_refusal_that_tells_of_no_other_dose_is_no_search(clinic, elsewhere):
    future = make.days_ago(-9).isoformat()

    answer = clinic.caller.post("doses", clinic.given(administered_on=future, **TAKEN))

    assert refused_fields(answer) == {"administered_on": "in_future"}
    assert not AuditEntry.objects.filter(action=lookup.SEARCHED).exists()
