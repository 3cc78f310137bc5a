"""Each rule outside ``dose_rules``: what is refused, and on which field."""

import datetime as dt

import pytest
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import OperationalError

from accounts.roles import PATIENT
from records.domain import doses, grants, lots, merges, patients, reference, unit, volunteers
from records.models import Dose, GrantTemplate, Patient
from tests.records import factories as make

pytestmark = pytest.mark.django_db


def amend(dose, **changes):
    return doses.amend_dose(
        by=make.system(), dose=dose, version=dose.version, reason="x", changes=changes
    )


def void(dose):
    return doses.void_dose(by=make.system(), dose=dose, version=dose.version, reason="x")


def merge(survivor, duplicate):
    return merges.merge_patients(
        by=make.system(),
        survivor=survivor,
        duplicate=duplicate,
        version=Patient.objects.get(pk=duplicate.pk).version,
        reason="x",
    )


def retired_clinic():
    clinic = make.make_clinic()
    return reference.retire(
        by=make.system(), record=clinic, version=1, reason="x", retired_on=make.days_ago(5)
    )


def amend_a_voided_dose():
    amend(void(make.make_dose()), site="LA")


def void_a_dose_twice():
    void(void(make.make_dose()))


def change_the_maker_of_a_known_lot():
    amend(make.make_dose(), manufacturer=make.make_manufacturer())


def record_without_lot_and_vaccine():
    doses.record_dose(
        by=make.system(), patient=make.make_patient(), administered_on=make.days_ago(1)
    )


def record_on_no_day():
    doses.record_dose(
        by=make.system(),
        patient=make.make_patient(),
        administered_on=None,
        vaccine=make.make_vaccine(),
        primary_source=False,
    )


def renumber_a_lot_to_a_taken_number():
    lot = make.make_lot()
    other = make.make_lot(manufacturer=lot.manufacturer)
    lots.renumber_lot(by=make.system(), lot=other, version=1, reason="x", number=lot.number)


def receive_a_lot_of_a_number_that_no_vial_has():
    make.make_lot(number=lots.SCRATCH)


def recall_a_lot_on_no_day():
    lots.recall_lot(
        by=make.system(),
        lot=make.make_lot(),
        version=1,
        recalled_on=None,
        reason="x",
    )


def recall_a_lot_on_a_day_to_come():
    recalled = {"recalled_on": make.days_ago(-3), "reason": "x"}
    lots.recall_lot(by=make.system(), lot=make.make_lot(), version=1, **recalled)


def merge_a_patient_into_themselves():
    patient = make.make_patient()
    merge(patient, patient)


def merge_a_patient_twice():
    duplicate = make.make_patient()
    merge(make.make_patient(), duplicate)
    merge(make.make_patient(), duplicate)


def merge_into_a_merged_patient():
    gone = make.make_patient()
    merge(make.make_patient(), gone)
    merge(gone, make.make_patient())


def enrol_a_merged_patient():
    duplicate = make.make_patient()
    merge(make.make_patient(), duplicate)
    patients.enrol_patient(by=make.system(), patient=duplicate, clinic=make.make_clinic())


def enrol_at_a_retired_clinic():
    patients.enrol_patient(by=make.system(), patient=make.make_patient(), clinic=retired_clinic())


def register_without_a_clinic_as_a_volunteer():
    user = make.make_volunteer_user(make.make_clinic())
    patients.register_patient(
        by=user, first_name="Ada", last_name="Eze", date_of_birth=dt.date(1980, 1, 1)
    )


def register_somebody_of_tomorrow():
    make.make_patient(date_of_birth=make.days_ago(-3))


def register_somebody_older_than_anybody():
    make.make_patient(date_of_birth=make.days_ago(122 * 366))


def amend_to_somebody_older_than_anybody():
    changes = {"date_of_birth": make.days_ago(122 * 366)}
    patients.amend_patient(
        by=make.system(), patient=make.make_patient(), version=1, reason="x", changes=changes
    )


def assign_to_a_retired_clinic():
    make.make_assignment(make.make_volunteer(), retired_clinic())


def assign_twice_at_once():
    clinic = make.make_clinic()
    make.make_assignment(make.make_volunteer(clinic), clinic, starts_on=make.days_ago(1))
    volunteer = make.make_volunteer(clinic)
    make.make_assignment(volunteer, clinic, starts_on=make.days_ago(1))


def add_a_volunteer_of_the_future():
    make.make_volunteer(birth_year=2999)


def change_of(days, earlier=None):
    clinic = make.make_clinic()
    for day in filter(None, (earlier, days)):
        clinic = reference.change(
            by=make.system(),
            record=clinic,
            version=clinic.version,
            reason="moved",
            effective_from=make.days_ago(day),
            changes={"name": f"Clinic of {day}"},
        )


def tell_a_change_of_the_future():
    change_of(-2)


def tell_a_change_before_the_last_one():
    change_of(9, earlier=4)


REFUSALS = [
    (amend_a_voided_dose, NON_FIELD_ERRORS),
    (void_a_dose_twice, NON_FIELD_ERRORS),
    (change_the_maker_of_a_known_lot, "manufacturer"),
    (record_without_lot_and_vaccine, "lot"),
    (record_on_no_day, "administered_on"),
    (renumber_a_lot_to_a_taken_number, "number"),
    (receive_a_lot_of_a_number_that_no_vial_has, "number"),
    (recall_a_lot_on_no_day, "recalled_on"),
    (recall_a_lot_on_a_day_to_come, "recalled_on"),
    (merge_a_patient_into_themselves, "survivor"),
    (merge_a_patient_twice, "duplicate"),
    (merge_into_a_merged_patient, "survivor"),
    (enrol_a_merged_patient, "patient"),
    (enrol_at_a_retired_clinic, "clinic"),
    (register_without_a_clinic_as_a_volunteer, "clinic"),
    (register_somebody_of_tomorrow, "date_of_birth"),
    (register_somebody_older_than_anybody, "date_of_birth"),
    (amend_to_somebody_older_than_anybody, "date_of_birth"),
    (assign_to_a_retired_clinic, "clinic"),
    (assign_twice_at_once, "starts_on"),
    (add_a_volunteer_of_the_future, "birth_year"),
    (tell_a_change_of_the_future, "effective_from"),
    (tell_a_change_before_the_last_one, "effective_from"),
]


@pytest.mark.parametrize(
    ("act", "field"), REFUSALS, ids=lambda value: getattr(value, "__name__", "")
)
def test_rule_refuses_on_its_field(act, field):
    with pytest.raises(ValidationError) as refused:
        act()

    error = refused.value
    assert (set(error.message_dict) if hasattr(error, "error_dict") else {NON_FIELD_ERRORS}) == {
        field
    }


def test_own_grant_assignment_and_link_are_refused():
    clinic = make.make_clinic()
    user = make.make_user("DBA")
    volunteer = make.make_volunteer(user=user)
    other = make.make_volunteer()

    with pytest.raises(PermissionDenied):
        grants.grant_access(by=user, user=user, patient=make.make_patient())
    with pytest.raises(PermissionDenied):
        volunteers.assign_volunteer(
            by=user, volunteer=volunteer, clinic=clinic, starts_on=make.days_ago(1)
        )
    manager = make.make_user("User manager")
    with pytest.raises(PermissionDenied):
        volunteers.link_user(by=manager, volunteer=other, version=1, user=manager)


def test_contact_is_not_amended_by_a_relative_who_only_reads():
    relative = make.make_user(PATIENT.name)
    patient = make.make_patient()
    make.make_grant(relative, patient, template=GrantTemplate.RELATIVE)

    with pytest.raises(PermissionDenied):
        patients.amend_contact(by=relative, patient=patient, version=1, changes={"phone": "1"})
    assert Patient.objects.get(pk=patient.pk).phone == ""


def test_void_frees_the_number_and_amending_to_another_maker_takes_its_next():
    dose = make.make_dose()
    void(dose)
    again = make.make_dose(
        patient=dose.patient, lot=dose.lot, clinic=dose.clinic, volunteer=dose.volunteer
    )
    assert (dose.dose_number, again.dose_number) == (1, 1)

    first = make.make_dose(patient=dose.patient, administered_on=make.days_ago(90))
    moved = amend(again, lot=first.lot)
    assert (moved.manufacturer, moved.dose_number) == (first.manufacturer, 2)


@pytest.mark.django_db(transaction=True)
def test_deadlock_is_repeated_and_anything_else_is_not():
    calls = []

    def fails(error, times):
        def work():
            calls.append(error)
            if len(calls) <= times:
                raise OperationalError(error, "x")
            return "done"

        calls.clear()
        return unit.transactional(work)

    assert fails(unit.DEADLOCK, unit.TRIES - 1)() == "done"
    with pytest.raises(OperationalError):
        fails(unit.DEADLOCK, unit.TRIES)()
    assert len(calls) == unit.TRIES
    with pytest.raises(OperationalError):
        fails(1205, 1)()
    assert len(calls) == 1


def test_no_dose_is_lost_when_a_recall_lists_the_affected():
    lot = make.make_lot()
    given = [make.make_dose(lot=lot) for _ in range(2)]
    void(make.make_dose(lot=lot))
    make.make_dose()

    assert set(lots.affected_doses(lot)) == set(given)
    assert set(lots.affected_patients(lot)) == {dose.patient for dose in given}
    assert Dose.objects.count() == 4
