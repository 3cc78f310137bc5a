"""What compiled statements show is what ``visible_to`` shows, to everybody and at any time."""

import datetime as dt
import itertools

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.roles import DBA, PATIENT, ROLES, VOLUNTEER
from records import access
from records.access import find
from records.domain import grants, patients, volunteers
from records.models import Clinic, Dose, Enrolment, Lot, Patient, PatientIdentifier, Volunteer
from records.sight import _compiled, seen, shown
from tests.records import factories as make
from tests.records.sight import enrol

pytestmark = pytest.mark.django_db

MODELS = (Patient, PatientIdentifier, Enrolment, Dose, Lot, Clinic, Volunteer)


def keys(viewer, model):
    return access.visible_to(viewer, model).order_by("pk").values_list("pk")


def after(viewer, model, key):
    return access.visible_to(viewer, model).filter(pk__gt=key).order_by("pk").values_list("pk")


def fresh(user):
    """Return the account as the next request reads it."""
    return get_user_model().objects.get(pk=user.pk)


def compiled(user, model):
    return [key for (key,) in seen(fresh(user), keys, model)]


def by_orm(user, model):
    return [key for (key,) in keys(fresh(user), model)]


def assert_same(user):
    for model in MODELS:
        assert compiled(user, model) == by_orm(user, model)


@pytest.fixture
def world():
    """Patients at three clinics in different time zones, and beside them."""
    zones = ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago")
    clinics = [make.make_clinic(time_zone=zone) for zone in zones]
    return clinics, [enrol(clinic) for clinic in clinics] + [make.make_patient()]


@pytest.mark.parametrize("role", [role.name for role in ROLES])
def test_every_role_sees_the_same_by_both_ways(role, world):
    clinics, people = world
    user = make.make_user(role)
    make.make_volunteer(clinics[0], user=user)
    make.make_grant(user, people[-1])

    assert_same(user)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    roles=st.sets(st.sampled_from([VOLUNTEER.name, PATIENT.name, DBA.name]), max_size=2),
    works=st.sets(st.integers(0, 2)),
    granted=st.sets(st.integers(0, 3)),
)
def test_any_mixture_of_roles_clinics_and_grants_sees_the_same_by_both_ways(
    world, roles, works, granted
):
    clinics, people = world
    user = make.make_user()
    user.groups.set(Group.objects.filter(name__in=roles))
    make.make_volunteer(*(clinics[place] for place in works), user=user)
    for place in granted:
        make.make_grant(user, people[place])

    assert_same(user)


def test_two_users_alike_share_a_statement_and_see_their_own(world):
    clinics, people = world
    one, other = (make.make_volunteer_user(clinic) for clinic in clinics[:2])
    _compiled.cache_clear()

    assert compiled(one, Patient) == [people[0].pk]
    assert compiled(other, Patient) == [people[1].pk]
    assert _compiled.cache_info().currsize == 1
    first, second = (make.make_user(PATIENT.name) for _ in range(2))
    make.make_grant(first, people[0])
    make.make_grant(second, people[3])
    assert compiled(first, Patient) == [people[0].pk]
    assert compiled(second, Patient) == [people[3].pk]


def test_clinic_that_comes_or_goes_counts_from_the_next_request(world):
    clinics, people = world
    user = make.make_volunteer_user(clinics[0])
    assert compiled(user, Patient) == [people[0].pk]

    added = make.make_assignment(user.volunteer, clinics[1])
    assert compiled(user, Patient) == [people[0].pk, people[1].pk]
    volunteers.end_assignment(
        by=make.system(), assignment=added, version=1, ends_on=make.days_ago(3)
    )
    assert compiled(user, Patient) == [people[0].pk]


def test_role_that_is_lost_shows_nothing_from_the_next_request(world):
    clinics, _ = world
    user = make.make_volunteer_user(clinics[0])
    assert compiled(user, Dose)

    user.groups.clear()
    assert compiled(user, Dose) == []


def test_grant_shows_nothing_once_it_is_revoked_or_has_expired(world, monkeypatch):
    _, people = world
    user = make.make_user(PATIENT.name)
    soon = timezone.now() + dt.timedelta(hours=1)
    make.make_grant(user, people[0], expires_at=soon)
    grant = make.make_grant(user, people[1])
    assert compiled(user, Patient) == [people[0].pk, people[1].pk]

    grants.revoke_access(by=make.system(), grant=grant, reason="x")
    assert compiled(user, Patient) == [people[0].pk]
    monkeypatch.setattr(timezone, "now", lambda: soon)
    assert compiled(user, Patient) == []


def test_enrolment_that_ends_tonight_shows_nothing_tomorrow(world, monkeypatch):
    clinics, people = world
    user = make.make_volunteer_user(clinics[0])
    enrolment = Enrolment.objects.get(patient=people[0])
    today = clinics[0].today()
    patients.end_enrolment(
        by=make.system(), enrolment=enrolment, version=enrolment.version, ends_on=today
    )
    assert compiled(user, Patient) == [people[0].pk]

    tomorrow = timezone.now() + dt.timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert compiled(user, Patient) == by_orm(user, Patient) == []


def test_nobody_and_whoever_is_switched_off_see_nothing(world):
    keeper = make.make_user(DBA.name)
    assert compiled(keeper, Patient)

    keeper.is_active = False
    assert seen(keeper, keys, Patient) == seen(AnonymousUser(), keys, Patient) == []
    assert find(keeper, Patient, world[1][0].public_id) is None


def test_record_is_found_by_whoever_sees_it(world):
    clinics, people = world
    user = make.make_volunteer_user(clinics[0])

    assert find(user, Patient, people[0].public_id) == people[0]
    assert find(user, Patient, people[1].public_id) is None
    assert find(user, Clinic, clinics[1].public_id) == clinics[1]


def test_values_change_from_call_to_call(world):
    keeper = make.make_user(DBA.name)
    all_keys = compiled(keeper, Dose)

    for key, later in itertools.pairwise(all_keys):
        assert seen(keeper, after, Dose, key=key)[0][0] == later


def test_value_that_is_no_parameter_is_refused():
    with pytest.raises(ValueError, match="nowhere"):
        seen(make.make_user(DBA.name), lambda viewer, nowhere: keys(viewer, Lot), nowhere=1)


def identifiers(viewer):
    return access.visible_to(viewer, Patient).order_by("pk").values_list("public_id")


def test_identifiers_for_json_read_as_they_always_do(world):
    keeper = make.make_user(DBA.name)

    told = [str(key) for (key,) in shown(keeper, identifiers)]
    assert told == [str(patient.public_id) for patient in world[1]]
