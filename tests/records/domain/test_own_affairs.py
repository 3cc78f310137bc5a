"""Nobody changes where they work themselves or whose badge they have, whatever their role."""

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied

from accounts.roles import DBA, SALES, USER_MANAGER
from records.domain import deletion, volunteers
from records.models import Assignment, Volunteer
from tests.records import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[(SALES,), (DBA,), (SALES, DBA, USER_MANAGER)], ids=len)
def worker(request):
    """Return the volunteer of an account that may change the assignments of others."""
    user = make.make_user()
    user.groups.set(Group.objects.filter(name__in=[role.name for role in request.param]))
    return make.make_volunteer(make.make_clinic(), user=user)


def test_nobody_gives_themselves_a_clinic(worker):
    with pytest.raises(PermissionDenied):
        volunteers.assign_volunteer(
            by=worker.user,
            volunteer=worker,
            clinic=make.make_clinic(),
            starts_on=make.days_ago(0),
        )
    assert worker.assignments.count() == 1


def test_nobody_ends_or_prolongs_their_own_assignment(worker):
    with pytest.raises(PermissionDenied):
        volunteers.end_assignment(
            by=worker.user,
            assignment=worker.assignments.get(),
            version=1,
            ends_on=make.days_ago(0),
        )
    assert worker.assignments.get().ends_on is None


def test_everybody_of_the_role_changes_the_assignments_of_others(worker):
    other = make.make_volunteer()
    assignment = volunteers.assign_volunteer(
        by=worker.user, volunteer=other, clinic=make.make_clinic(), starts_on=make.days_ago(3)
    )
    volunteers.end_assignment(
        by=worker.user, assignment=assignment, version=1, ends_on=make.days_ago(0)
    )
    assert other.assignments.get().ends_on == make.days_ago(0)


def test_nobody_adds_a_volunteer_who_is_themselves():
    dba = make.make_user(DBA.name)
    person = {"code": "B0", "first_name": "Vera", "last_name": "Volunteer", "birth_year": 1980}
    with pytest.raises(PermissionDenied):
        volunteers.add_volunteer(by=dba, user=dba, **person)
    assert not Volunteer.objects.filter(user=dba).exists()
    assert volunteers.add_volunteer(by=dba, **person).user is None


def test_nobody_links_themselves(worker):
    manager = make.make_user(USER_MANAGER.name)
    other = make.make_volunteer()
    with pytest.raises(PermissionDenied):
        volunteers.link_user(by=manager, volunteer=other, version=1, user=manager)
    assert Volunteer.objects.get(pk=other.pk).user is None


def test_nobody_deletes_their_own_assignment_or_badge():
    dba = make.make_user(DBA.name)
    badge = make.make_volunteer(user=dba)
    assignment = make.make_assignment(badge, make.make_clinic())
    for record in (assignment, badge):
        with pytest.raises(PermissionDenied):
            deletion.delete_record(by=dba, record=record, version=1, reason="Mine")
    assert Assignment.objects.filter(pk=assignment.pk).exists()
    colleague = make.make_user(DBA.name)
    deletion.delete_record(by=colleague, record=assignment, version=1, reason="By mistake")
    assert not Assignment.objects.filter(pk=assignment.pk).exists()
