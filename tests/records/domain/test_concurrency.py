"""Writers that meet: real threads, each with a connection of its own.

A *control* beside a test takes the guard away and shows the race that the guard prevents, so
that the test is known to be able to fail.
"""

import threading
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from records.domain import doses, grants, lots, merges, patients, unit, volunteers
from records.domain.errors import StaleVersion
from records.models import (
    Assignment,
    Dose,
    DoseStatus,
    Enrolment,
    Lot,
    Patient,
    PatientGrant,
    PatientMerge,
)
from tests.records import factories as make

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 20
PATIENCE = 30  # seconds, only ever used up by a test that fails
WHY = "A typing error."


def race(*calls):
    """Run the calls at once and return what each returned or raised, in the order of the calls."""
    start = threading.Barrier(len(calls))
    outcomes = [None] * len(calls)

    def run(index, call):
        try:
            start.wait(PATIENCE)
            outcomes[index] = call()
        except Exception as error:  # whatever it is, the test judges it
            outcomes[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE * 2)
    assert not any(thread.is_alive() for thread in threads)
    return outcomes


def errors(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


@pytest.fixture
def unguarded(monkeypatch):
    """Take the guard away: no lock on rows and, on SQLite, no lock at BEGIN.

    Returns a list; with a barrier in it, every read that stands in for a lock waits there.
    """
    together = []

    def read(record, *, version=unit.ANY_VERSION):
        current = type(record).objects.get(pk=record.pk)
        if version not in (unit.ANY_VERSION, current.version):
            raise StaleVersion(current, version)
        for barrier in together:
            barrier.wait(PATIENCE)
        return current

    monkeypatch.setattr(unit, "lock", read)
    if connection.vendor == "sqlite":
        monkeypatch.setattr(unit, "transaction", SimpleNamespace(atomic=nullcontext))
    return together


@pytest.fixture
def here():
    """All that a dose needs, and VaxPass itself, who has looked up its permissions."""
    clinic = make.make_clinic()
    by = make.system()
    by.has_perm("warm.up")
    return SimpleNamespace(
        by=by,
        clinic=clinic,
        lot=make.make_lot(),
        volunteer=make.make_volunteer(clinic),
        patient=make.make_patient(clinic=clinic),
    )


def dose_of(here, day, **more):
    return lambda: doses.record_dose(
        by=here.by,
        lot=here.lot,
        clinic=here.clinic,
        volunteer=here.volunteer,
        administered_on=make.days_ago(day),
        **{"patient": here.patient, **more},
    )


# ------------------------------------------------------------------------- One patient's numbers


def test_one_dose_number_goes_to_one_of_many_writers(here):
    outcomes = race(*(dose_of(here, day, dose_number=1) for day in range(MANY)))

    refused = errors(outcomes)
    assert len(refused) == MANY - 1
    for error in refused:
        assert isinstance(error, ValidationError)
        assert list(error.message_dict) == ["dose_number"]
    assert Dose.objects.filter(patient=here.patient).count() == 1
    assert Dose.history.count() == 1


def test_many_writers_number_one_patients_doses_without_gap(here):
    outcomes = race(*(dose_of(here, day) for day in range(MANY)))

    assert errors(outcomes) == []
    assert sorted(dose.dose_number for dose in outcomes) == list(range(1, MANY + 1))


def test_control_without_the_lock_two_writers_take_one_number(here, unguarded, monkeypatch):
    both_have_counted = threading.Barrier(2)
    number = doses._number

    def numbered(*args):
        number(*args)
        both_have_counted.wait(PATIENCE)

    monkeypatch.setattr(doses, "_number", numbered)

    [error] = errors(race(dose_of(here, 1), dose_of(here, 2)))

    # A writer who asked for no number at all is refused; the key still has the last word.
    assert list(error.message_dict) == ["dose_number"]
    assert Dose.objects.get(patient=here.patient).dose_number == 1


# -------------------------------------------------------------------------------- Dose and recall


def recall_of(here):
    return lambda: lots.recall_lot(
        by=here.by, lot=here.lot, version=1, recalled_on=make.days_ago(0), reason="Mould."
    )


@pytest.fixture
def judged(monkeypatch):
    """Stop the writer of a dose between its rules and its row: ``reached``, then ``go_on``."""
    pause = SimpleNamespace(reached=threading.Event(), go_on=threading.Event())
    check = doses._check

    def checked(*args):
        facts = check(*args)
        pause.reached.set()
        assert pause.go_on.wait(PATIENCE)
        return facts

    monkeypatch.setattr(doses, "_check", checked)
    return pause


def slipped_past(here):
    """Return the doses that were written after the recall that should have refused them."""
    recalled = Lot.history.get(id=here.lot.pk, version=2).history_date
    return Dose.history.filter(lot_number=here.lot.number, history_date__gt=recalled)


def test_recall_waits_for_the_dose_that_is_being_recorded(here, judged):
    def recall():
        assert judged.reached.wait(PATIENCE)
        judged.go_on.set()
        return recall_of(here)()

    dose, lot = race(dose_of(here, 0), recall)

    assert lot.recalled_on == make.days_ago(0)
    assert list(lots.affected_doses(lot)) == [dose]
    assert not slipped_past(here).exists()


def test_recall_and_many_doses_leave_none_written_after_it(here):
    writers = [dose_of(here, 0, patient=make.make_patient()) for _ in range(6)]

    *outcomes, lot = race(*writers, recall_of(here))

    assert lot.recalled_on == make.days_ago(0)
    for error in errors(outcomes):
        assert list(error.message_dict) == ["lot"]
    assert not slipped_past(here).exists()
    assert lots.affected_doses(lot).count() == len(outcomes) - len(errors(outcomes))


def test_control_without_the_lock_a_dose_slips_past_the_recall(here, unguarded, judged):
    def recall():
        assert judged.reached.wait(PATIENCE)
        lot = recall_of(here)()
        judged.go_on.set()
        return lot

    dose, _ = race(dose_of(here, 0), recall)

    assert [version.id for version in slipped_past(here)] == [dose.pk]


# ------------------------------------------------------------------------------ One record edited


def edit_of(here, city):
    return lambda: patients.amend_patient(
        by=here.by, patient=here.patient, version=1, reason=WHY, changes={"city": city}
    )


def test_one_of_two_edits_of_the_same_version_is_told_so(here):
    outcomes = race(edit_of(here, "Graz"), edit_of(here, "Linz"))

    [stale] = errors(outcomes)
    [won] = [outcome for outcome in outcomes if outcome is not stale]
    assert isinstance(stale, StaleVersion)
    assert (stale.seen, stale.current.version, stale.current.city) == (1, 2, won.city)
    assert Patient.objects.get(pk=here.patient.pk).city == won.city


def test_control_without_the_lock_the_second_edit_meets_the_history_key(here, unguarded):
    unguarded.append(threading.Barrier(2))

    [error] = errors(race(edit_of(here, "Graz"), edit_of(here, "Linz")))

    # Both saw version 1 and wrote version 2: no clear answer, only the last line of defence.
    assert isinstance(error, IntegrityError)


# ------------------------------------------------------------------------------- Other encounters


def test_two_merges_that_cross_end_in_one(here):
    other = make.make_patient()

    def merge(survivor, duplicate):
        return lambda: merges.merge_patients(
            by=here.by, survivor=survivor, duplicate=duplicate, version=1, reason="One person."
        )

    outcomes = race(merge(here.patient, other), merge(other, here.patient))

    [error] = errors(outcomes)
    assert isinstance(error, ValidationError | StaleVersion)
    [made] = PatientMerge.objects.all()
    assert Patient.objects.get(merged_into__isnull=False) == made.duplicate


def test_dose_recorded_during_a_merge_never_stays_with_the_duplicate(here):
    survivor = make.make_patient()

    dose, merge = race(
        dose_of(here, 0),
        lambda: merges.merge_patients(
            by=here.by,
            survivor=survivor,
            duplicate=here.patient,
            version=1,
            reason="One person.",
        ),
    )

    assert merge.survivor == survivor
    assert not Dose.objects.filter(patient=here.patient).exists()
    if isinstance(dose, Exception):
        assert list(dose.message_dict) == ["patient"]
    else:
        assert Dose.objects.get(pk=dose.pk).patient == survivor


def test_dose_voided_during_a_merge_is_moved_or_told_to_look_again(here):
    dose = dose_of(here, 3)()
    survivor = make.make_patient()

    voided, _ = race(
        lambda: doses.void_dose(by=here.by, dose=dose, version=1, reason=WHY),
        lambda: merges.merge_patients(
            by=here.by,
            survivor=survivor,
            duplicate=here.patient,
            version=1,
            reason="One person.",
        ),
    )

    dose.refresh_from_db()
    assert dose.patient == survivor
    assert isinstance(voided, StaleVersion) == (dose.status == DoseStatus.COMPLETED)


def test_patient_enrolled_twice_at_once_is_enrolled_once(here):
    patient = make.make_patient()

    def enrol():
        return patients.enrol_patient(by=here.by, patient=patient, clinic=here.clinic)

    first, second = race(enrol, enrol)

    assert first == second == Enrolment.objects.get(patient=patient)


def test_volunteer_assigned_twice_at_once_is_assigned_once(here):
    volunteer = make.make_volunteer()

    def assign(day):
        return lambda: volunteers.assign_volunteer(
            by=here.by, volunteer=volunteer, clinic=here.clinic, starts_on=make.days_ago(day)
        )

    [error] = errors(race(assign(1), assign(2)))

    assert list(error.message_dict) == ["starts_on"]
    assert Assignment.objects.filter(volunteer=volunteer).count() == 1


def test_access_granted_twice_at_once_is_one_grant(here):
    user = make.make_user()

    def grant(template):
        return lambda: grants.grant_access(
            by=here.by, user=user, patient=here.patient, template=template
        )

    outcomes = race(grant("self"), grant("guardian"))

    assert errors(outcomes) == []
    assert PatientGrant.objects.get(user=user).version == 2


def test_dose_recorded_while_its_lot_is_renumbered_follows(here):
    earlier = dose_of(here, 9)()

    later, lot = race(
        dose_of(here, 0),
        lambda: lots.renumber_lot(
            by=here.by, lot=here.lot, version=1, reason=WHY, number="RENUMBERED"
        ),
    )

    assert set(Dose.objects.filter(lot=lot)) == {earlier, later}
    assert Lot.objects.count() == 1


def test_record_added_twice_at_once_names_the_field_that_is_taken(here):
    def receive():
        return lots.receive_lot(
            by=here.by,
            manufacturer=here.lot.manufacturer,
            vaccine=here.lot.vaccine,
            number="SAME",
        )

    [error] = errors(race(receive, receive))

    assert list(error.message_dict) == ["number"]
