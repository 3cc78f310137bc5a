"""The queue of a clinic: who waits, who serves whom, how a visit ends."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from records import access
from records.domain import checkins, merges
from records.domain.errors import ConfirmationRequired
from records.models import CheckIn, Dose, DoseStatus
from tests.records import factories as make
from tests.records import workspace
from tests.records.domain.test_concurrency import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    clinic = make.make_clinic(time_zone="Pacific/Auckland")
    by = make.make_volunteer_user(clinic)
    return SimpleNamespace(clinic=clinic, by=by, patient=make.make_patient(clinic=clinic))


def arrive(here, patient=None):
    return checkins.check_in(by=here.by, patient=patient or here.patient, clinic=here.clinic)


def record(here, **more):
    given = {"lot": make.make_lot(), "volunteer": here.by.volunteer, **more}
    day = here.clinic.today()
    return checkins.record_in_visit(
        by=here.by, patient=here.patient, clinic=here.clinic, administered_on=day, **given
    )


def test_patient_who_came_waits_on_the_clinics_own_day(here):
    visit = arrive(here)
    assert visit.day == here.clinic.today()
    assert visit.state == "waiting"
    assert checkins.queue_of(by=here.by, clinic=here.clinic) == [visit]


def test_patient_who_waits_already_is_not_checked_in_twice(here):
    assert arrive(here) == arrive(here)
    assert CheckIn.objects.count() == 1


def test_patient_may_come_again_after_the_visit(here):
    checkins.finish(by=here.by, check_in=arrive(here))
    again = arrive(here)
    assert checkins.queue_of(by=here.by, clinic=here.clinic) == [again]


def test_queue_is_in_the_order_of_arrival(here):
    first, second = (arrive(here, make.make_patient(clinic=here.clinic)) for _ in range(2))
    CheckIn.objects.filter(pk=second.pk).update(arrived_at=first.arrived_at - dt.timedelta(1))
    assert checkins.queue_of(by=here.by, clinic=here.clinic) == [second, first]


def test_queue_of_yesterday_is_over(here):
    visit = arrive(here)
    CheckIn.objects.filter(pk=visit.pk).update(day=here.clinic.today() - dt.timedelta(days=1))
    assert checkins.queue_of(by=here.by, clinic=here.clinic) == []
    assert arrive(here) != visit


def test_queue_of_another_clinic_is_out_of_sight_even_of_ones_own_patient(here):
    there = make.make_clinic()
    visit = workspace.arrive(here.patient, there)
    assert checkins.queue_of(by=here.by, clinic=there) == []
    for act in (checkins.take, checkins.put_back, checkins.leave, checkins.finish):
        with pytest.raises(access.OutOfSight):
            act(by=here.by, check_in=visit)
    with pytest.raises(PermissionDenied):
        checkins.check_in(by=here.by, patient=here.patient, clinic=there)


def test_patient_out_of_sight_cannot_be_checked_in(here):
    with pytest.raises(access.OutOfSight):
        arrive(here, make.make_patient())


def test_merged_record_cannot_be_checked_in(here):
    duplicate = make.make_patient(clinic=here.clinic)
    merges.merge_patients(
        by=make.system(), survivor=here.patient, duplicate=duplicate, version=1, reason="same"
    )
    with pytest.raises(ValidationError, match="merged"):
        workspace.arrive(duplicate, here.clinic)


def test_taken_patient_is_refused_to_a_colleague_until_put_back(here):
    colleague = make.make_volunteer_user(here.clinic)
    visit = checkins.take(by=here.by, check_in=arrive(here))
    assert (visit.state, visit.served_by) == ("in-progress", here.by)
    with pytest.raises(ValidationError, match="colleague"):
        checkins.take(by=colleague, check_in=visit)
    checkins.put_back(by=colleague, check_in=visit)
    assert checkins.take(by=colleague, check_in=visit).served_by == colleague


def test_taking_twice_changes_nothing(here):
    visit = checkins.take(by=here.by, check_in=arrive(here))
    assert checkins.take(by=here.by, check_in=visit).version == visit.version


def test_put_back_patient_keeps_the_place(here):
    visit = arrive(here)
    arrive(here, make.make_patient(clinic=here.clinic))
    checkins.put_back(by=here.by, check_in=checkins.take(by=here.by, check_in=visit))
    assert checkins.queue_of(by=here.by, clinic=here.clinic)[0] == visit


@pytest.mark.parametrize("end", [checkins.leave, checkins.finish])
@pytest.mark.parametrize("act", [checkins.take, checkins.put_back, checkins.leave, checkins.finish])
def test_visit_that_is_over_stays_over(here, end, act):
    visit = end(by=here.by, check_in=arrive(here))
    with pytest.raises(ValidationError, match="over"):
        act(by=here.by, check_in=visit)


def test_finished_visit_tells_who_served(here):
    colleague = make.make_volunteer_user(here.clinic)
    visit = checkins.take(by=colleague, check_in=arrive(here))
    assert checkins.finish(by=here.by, check_in=visit).served_by == colleague


def test_dose_ends_the_visit(here):
    visit = checkins.take(by=here.by, check_in=arrive(here))
    dose = record(here)
    visit.refresh_from_db()
    assert (visit.state, dose.status) == ("done", "completed")
    assert checkins.queue_of(by=here.by, clinic=here.clinic) == []


def test_dose_that_was_not_given_ends_the_visit_and_asks_no_question(here):
    workspace.question()
    arrive(here)
    record(
        here,
        lot=None,
        vaccine=make.make_vaccine(),
        status=DoseStatus.NOT_DONE,
        status_reason="Fever",
    )
    assert checkins.queue_of(by=here.by, clinic=here.clinic) == []


def test_dose_without_a_visit_is_recorded(here):
    assert record(here).patient == here.patient


def test_dose_leaves_the_visit_at_another_clinic_alone(here):
    elsewhere = workspace.arrive(here.patient, make.make_clinic())
    record(here)
    elsewhere.refresh_from_db()
    assert elsewhere.state == "waiting"


def test_refused_dose_leaves_the_patient_waiting(here):
    visit = arrive(here)
    with pytest.raises(ValidationError):
        record(here, lot=make.make_lot(expires_on=make.days_ago(9)))
    visit.refresh_from_db()
    assert visit.state == "waiting"


def test_dose_and_end_of_the_visit_are_one_transaction(here, monkeypatch):
    visit = arrive(here)

    def fail(**given):
        raise RuntimeError("gone")

    monkeypatch.setattr(checkins, "finish", fail)
    with pytest.raises(RuntimeError):
        record(here)
    visit.refresh_from_db()
    assert not Dose.objects.exists()
    assert visit.state == "waiting"


def test_concerning_answer_and_short_interval_are_asked_together(here):
    vaccine = make.make_vaccine(min_interval_days=28)
    make.make_dose(
        patient=here.patient, lot=make.make_lot(vaccine=vaccine), administered_on=make.days_ago(5)
    )
    fever = workspace.question(text="Has the patient a fever?", note="Wait until it has gone.")
    given = {"lot": make.make_lot(vaccine=vaccine), "answers": {fever: "yes"}}

    with pytest.raises(ConfirmationRequired) as asked:
        record(here, **given)

    [code] = [code for code in asked.value.warnings if code != "short_interval"]
    assert asked.value.warnings[code] == "Has the patient a fever? Yes. Wait until it has gone."
    with pytest.raises(ConfirmationRequired) as left:
        record(here, **given, confirmed=["short_interval"])
    assert list(left.value.warnings) == [code]
    assert Dose.objects.count() == 1
    dose = record(here, **given, confirmed=["short_interval", code])
    assert dose.screening.get().answer == "yes"


@pytest.mark.django_db(transaction=True)
def test_of_two_volunteers_at_once_one_takes_the_patient():
    clinic = make.make_clinic()
    visit = workspace.arrive(make.make_patient(clinic=clinic), clinic)
    users = [make.make_volunteer_user(clinic) for _ in range(4)]

    outcomes = race(*(lambda by=by: checkins.take(by=by, check_in=visit) for by in users))

    taken = [outcome for outcome in outcomes if isinstance(outcome, CheckIn)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, ValidationError)]
    assert (len(taken), len(refused)) == (1, 3)
    visit.refresh_from_db()
    assert visit.served_by_id == taken[0].served_by_id


@pytest.mark.django_db(transaction=True)
def test_patient_checked_in_at_two_desks_at_once_waits_once():
    clinic = make.make_clinic()
    patient = make.make_patient(clinic=clinic)
    outcomes = race(*(lambda: workspace.arrive(patient, clinic) for _ in range(4)))
    assert {outcome.pk for outcome in outcomes} == {CheckIn.objects.get().pk}
