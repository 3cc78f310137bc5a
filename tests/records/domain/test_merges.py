"""Merging two records of one person, and taking it back."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.roles import PATIENT
from records import access
from records.domain import merges
from records.domain.patients import enrol_patient, resolve_patient
from records.models import Dose, Enrolment, Patient, PatientGrant
from tests.records import factories as make

pytestmark = pytest.mark.django_db


def merge(survivor, duplicate):
    return merges.merge_patients(
        by=make.system(),
        survivor=survivor,
        duplicate=duplicate,
        version=Patient.objects.get(pk=duplicate.pk).version,
        reason="one person",
    )


def undo(merge, **options):
    return merges.undo_merge(
        by=make.system(), merge=merge, version=merge.version, reason="two people", **options
    )


def place(dose):
    now = Dose.objects.get(pk=dose.pk)
    return now.patient, now.dose_number


@pytest.fixture
def pair():
    """Return two records of one person, who has not shown yet who they are."""
    return [make.make_patient(identity_confirmed=False) for _ in range(2)]


@pytest.fixture
def same_maker(pair):
    """Return a dose of each patient, of one manufacturer, each with the number 1."""
    kept = make.make_dose(patient=pair[0], administered_on=make.days_ago(60))
    return kept, make.make_dose(
        patient=pair[1], lot=kept.lot, clinic=kept.clinic, volunteer=kept.volunteer
    )


def test_merge_gives_a_colliding_number_the_next_and_undo_gives_it_back(pair, same_maker):
    survivor, duplicate = pair
    kept, moved = same_maker
    done = merge(survivor, duplicate)
    assert place(kept) == (survivor, 1)
    assert place(moved) == (survivor, 2)

    undo(done)
    assert place(kept) == (survivor, 1)
    assert place(moved) == (duplicate, 1)
    assert Dose.history.filter(id=moved.pk).count() == 3


def test_undo_leaves_doses_recorded_since_unless_chosen(pair, same_maker):
    survivor, duplicate = pair
    done = merge(survivor, duplicate)
    stays = make.make_dose(patient=Patient.objects.get(pk=survivor.pk))
    goes = make.make_dose(patient=Patient.objects.get(pk=survivor.pk))

    undo(done, also=[goes])
    assert place(stays)[0] == survivor
    assert place(goes)[0] == duplicate


def test_undo_refuses_a_dose_of_somebody_else_and_moves_nothing(pair, same_maker):
    done = merge(*pair)

    with pytest.raises(ValidationError) as refused:
        undo(done, also=[make.make_dose()])
    assert set(refused.value.message_dict) == {"also"}
    assert place(same_maker[1])[0] == pair[0]


def test_undo_twice_or_below_a_later_merge_is_refused(pair):
    done = merge(*pair)
    later = merge(make.make_patient(), pair[0])
    with pytest.raises(ValidationError, match="merged on"):
        undo(done)

    undo(later)
    done = undo(done)
    with pytest.raises(ValidationError, match="undone already"):
        undo(done)


def test_merge_moves_the_enrolments_that_the_survivor_lacks(pair):
    survivor, duplicate = pair
    both, only = make.make_clinic(), make.make_clinic()
    for patient, clinic in ((survivor, both), (duplicate, both), (duplicate, only)):
        enrol_patient(by=make.system(), patient=patient, clinic=clinic)

    done = merge(survivor, duplicate)
    assert set(Enrolment.objects.filter(patient=survivor).values_list("clinic", flat=True)) == {
        both.pk,
        only.pk,
    }
    assert Enrolment.objects.get(patient=duplicate).clinic == both

    undo(done)
    assert Enrolment.objects.get(patient=survivor).clinic == both


def test_old_public_id_leads_to_the_survivor_through_a_chain(pair):
    survivor, duplicate = pair
    last = make.make_patient()
    merge(survivor, duplicate)
    merge(last, survivor)

    assert resolve_patient(by=make.system(), public_id=duplicate.public_id) == last


def test_merge_moves_nothing_into_a_record_that_an_account_made_and_nobody_confirmed(pair):
    pending, real = pair
    reader = make.make_user(PATIENT.name)
    grant = make.make_grant(reader, pending)
    dose = make.make_dose(patient=real)
    with pytest.raises(ValidationError) as caught:
        merge(pending, real)
    assert set(caught.value.message_dict) == {"survivor"}
    assert not access.visible_to(reader, Dose).exists()

    merge(real, pending)
    assert place(dose)[0] == real
    assert not access.visible_to(reader, Dose).exists()

    other = make.make_patient(identity_confirmed=True)
    make.make_grant(reader, other)
    assert merge(other, real).survivor == other
    assert grant.patient == pending


def test_merge_into_an_unconfirmed_record_whose_access_has_ended_works(pair):
    survivor, duplicate = pair
    make.make_grant(make.make_user(PATIENT.name), survivor)
    PatientGrant.objects.update(expires_at=timezone.now())
    assert merge(survivor, duplicate).survivor == survivor
