"""Finding a patient of elsewhere; the pages' tests show the rest."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.roles import PATIENT
from records.access import OutOfSight
from records.domain import lookup
from records.domain.errors import TooManyLookups
from records.models import AuditEntry, Enrolment
from tests.records.factories import make_clinic, make_patient, make_user, make_volunteer_user

pytestmark = pytest.mark.django_db

BORN = dt.date(1986, 4, 2)


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def volunteer(clinic):
    return make_volunteer_user(clinic)


@pytest.fixture
def search(volunteer, clinic):
    """Return a function that searches, as the volunteer at the clinic unless told otherwise."""

    def run(last_name, by=volunteer, at=clinic):
        return lookup.find_elsewhere(by=by, clinic=at, last_name=last_name, date_of_birth=BORN)

    return run


def test_search_needs_the_role_and_an_assignment_there(search):
    with pytest.raises(PermissionDenied):
        search("Okonkwo", by=make_user(PATIENT.name))
    with pytest.raises(PermissionDenied):
        search("Okonkwo", at=make_clinic())
    assert not AuditEntry.objects.filter(action=lookup.SEARCHED).exists()


@pytest.mark.parametrize("last_name", ["", " ", "'.!"])
def test_search_without_a_letter_is_refused(search, last_name):
    make_patient(last_name="?!", date_of_birth=BORN)
    with pytest.raises(ValidationError) as caught:
        search(last_name)
    assert set(caught.value.message_dict) == {"last_name"}


def test_search_tells_who_belongs_here_already(search, clinic):
    here = make_patient(last_name="Okonkwo", date_of_birth=BORN, clinic=clinic)
    make_patient(last_name="Okonkwo", date_of_birth=BORN, clinic=make_clinic())
    assert {found.public_id for found in search("Okonkwo") if found.enrolled_here} == {
        here.public_id
    }


def test_searches_of_others_do_not_count(search, clinic, monkeypatch):
    monkeypatch.setattr(lookup, "PER_HOUR", 1)
    search("Okonkwo")
    search("Okonkwo", by=make_volunteer_user(clinic))
    with pytest.raises(TooManyLookups):
        search("Okonkwo")


def test_enrolling_works_for_who_searched_and_not_for_long(search, volunteer, clinic):
    patient = make_patient(last_name="Okonkwo", date_of_birth=BORN)
    search("Okonkwo")
    with pytest.raises(OutOfSight):
        lookup.enrol_found(
            by=make_volunteer_user(clinic), clinic=clinic, public_id=patient.public_id
        )
    AuditEntry.objects.filter(action=lookup.FOUND).update(
        at=timezone.now() - lookup.VALID_FOR - dt.timedelta(seconds=1)
    )
    with pytest.raises(OutOfSight):
        lookup.enrol_found(by=volunteer, clinic=clinic, public_id=patient.public_id)
    assert not Enrolment.objects.exists()
    search("Okonkwo")
    opened = lookup.enrol_found(by=volunteer, clinic=clinic, public_id=patient.public_id)
    assert opened == patient
    assert Enrolment.objects.get().clinic == clinic


def test_look_alikes_of_elsewhere_are_counted_and_limited(volunteer, clinic):
    names = {"first_name": "Ngozi", "last_name": "Eze", "date_of_birth": BORN}
    make_patient(**names)
    found = lookup.look_alikes(by=volunteer, clinic=clinic, fields=names)

    assert (found.seen, found.unseen, len(found)) == ([], 1, 1)
    assert AuditEntry.objects.filter(action=lookup.MATCHED, actor=volunteer).count() == 1
    for _ in range(lookup.PER_HOUR - 1):
        lookup.look_alikes(by=volunteer, clinic=clinic, fields=names)
    with pytest.raises(TooManyLookups):
        lookup.look_alikes(by=volunteer, clinic=clinic, fields=names)


def test_look_alikes_of_this_clinic_are_no_search(volunteer, clinic):
    names = {"first_name": "Ngozi", "last_name": "Eze", "date_of_birth": BORN}
    patient = make_patient(clinic=clinic, **names)
    found = lookup.look_alikes(by=volunteer, clinic=clinic, fields={**names, "last_name": "ÉZE"})

    assert (found.seen, found.unseen) == ([patient], 0)
    assert not AuditEntry.objects.filter(action=lookup.SEARCHED).exists()


@pytest.mark.parametrize(
    ("typed", "is_alike"),
    [
        ({"last_name": "OMaley"}, True),
        ({"first_name": "Rennee"}, True),
        ({"date_of_birth": dt.date(1955, 8, 2)}, True),  # a digit too few was typed
        ({"date_of_birth": dt.date(1971, 3, 9)}, False),  # a namesake
        ({"last_name": "OMaley", "date_of_birth": dt.date(1955, 8, 2)}, False),
        ({"first_name": "Gloria"}, False),  # a twin
        ({"last_name": "Zeller", "first_name": "Piotr"}, False),
    ],
)
def test_look_alikes_of_this_clinic_forgive_a_slip(volunteer, clinic, typed, is_alike):
    born = {"date_of_birth": dt.date(1955, 8, 20)}
    patient = make_patient(clinic=clinic, first_name="Renée", last_name="O'Malley", **born)
    make_patient(first_name="Renée", last_name="O'Maley", **born)  # of elsewhere: exactly or not
    names = {"first_name": "Renee", "last_name": "O'Malley", **born, **typed}

    found = lookup.look_alikes(by=volunteer, clinic=clinic, fields=names)

    assert found.seen == ([patient] if is_alike else [])
    assert found.unseen == (typed == {"last_name": "OMaley"})


def test_who_has_no_search_left_does_not_learn_that_nobody_is_there(volunteer, clinic, monkeypatch):
    monkeypatch.setattr(lookup, "PER_HOUR", 0)
    make_patient(first_name="Ngozi", last_name="Eze", date_of_birth=BORN)
    for last_name in ("Eze", "Nobody"):
        names = {"first_name": "Ngozi", "last_name": last_name, "date_of_birth": BORN}
        with pytest.raises(TooManyLookups):
            lookup.look_alikes(by=volunteer, clinic=clinic, fields=names)


def test_number_of_somebody_elsewhere_is_a_search_like_any_other(volunteer, clinic, monkeypatch):
    names = {"first_name": "Ngozi", "last_name": "Eze", "date_of_birth": BORN}
    holder = make_patient(last_name="Hidden", identifiers=[("nat", "N77")])

    def look(value):
        return lookup.look_alikes(
            by=volunteer, clinic=clinic, fields=names, identifiers=[("nat", value)]
        )

    assert len(look("N78")) == 0
    found = look("N77")
    assert (found.seen, found.unseen) == ([], 1)
    assert AuditEntry.objects.get(action=lookup.MATCHED).patient == holder
    monkeypatch.setattr(lookup, "PER_HOUR", 1)
    for value in ("N77", "N78"):
        with pytest.raises(TooManyLookups):
            look(value)
