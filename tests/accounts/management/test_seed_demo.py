"""The command that makes the demo: accounts, records, and that it comes once."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from typing import ClassVar
from unittest.mock import patch

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.demo import content
from accounts.demo.logins import PASSWORD
from accounts.models import User
from accounts.roles import DBA, PATIENT, ROLES, USER_MANAGER, VOLUNTEER, Role
from records import access, viewers
from records.domain import doses as domain_doses
from records.domain import lots as domain_lots
from records.domain import patients as domain_patients
from records.domain.dose_rules import RULES, judge
from records.models import (
    Clinic,
    Dose,
    DoseStatus,
    GrantTemplate,
    Lot,
    Patient,
    PatientGrant,
    PatientMerge,
    Vaccine,
)

pytestmark = pytest.mark.django_db


def seed() -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


def prepare() -> None:
    call_command("sync_roles", stdout=StringIO())
    call_command("load_codes", stdout=StringIO())


class Seeded(TestCase):
    """Seeds once for all tests of a class, which takes seconds; each test sees it untouched."""

    out: ClassVar[str]

    @classmethod
    def setUpTestData(cls) -> None:
        prepare()
        cls.out = seed()


def row_counts() -> dict[str, int]:
    """Count every table of VaxPass and of its users, history included."""
    labels = ("accounts", "records", "account", "auth")
    models = (model for label in labels for model in apps.get_app_config(label).get_models())
    return {model._meta.label: model._default_manager.count() for model in models}


def account(role: Role) -> User:
    return User.objects.get(is_demo=True, groups__name=role.name)


class TestAccounts(Seeded):
    def test_every_role_has_one_that_signs_in(self) -> None:
        for role in ROLES:
            with self.subTest(role.name):
                user = account(role)
                assert authenticate(email=user.email, password=PASSWORD) == user
                assert [group.name for group in user.groups.all()] == [role.name]
                assert user.is_staff is role.uses_admin
                assert not user.is_superuser
                client = self.client_class()
                form = {"login": user.email, "password": PASSWORD}
                client.post(reverse("account_login"), form)
                assert client.session["_auth_user_id"] == str(user.pk)

    def test_the_table_tells_how_to_sign_in(self) -> None:
        table = [line.split() for line in self.out.splitlines() if "@" in line]
        assert len(table) == len(ROLES)
        starts = {row[-3]: (row[-2], row[-1]) for row in table}
        assert starts["volunteer@demo.vaxpass.example"] == (PASSWORD, "/clinic/")
        assert starts["patient@demo.vaxpass.example"] == (PASSWORD, "/passport/")
        assert starts["users@demo.vaxpass.example"] == (PASSWORD, "/admin/")
        assert account(USER_MANAGER).email == "users@demo.vaxpass.example"

    def test_the_volunteer_works_at_two_clinics(self) -> None:
        user = account(VOLUNTEER)
        assert {row.code for row in viewers.current_clinics(user)} == {
            content.HARBOUR,
            content.LINDEN,
        }
        assert not user.volunteer.assignments.exclude(ends_on=None).exists()
        assert access.visible_to(user, Patient).count() > 20

    def test_the_patient_sees_an_own_record_and_a_child(self) -> None:
        user = account(PATIENT)
        grants = {row.template: row for row in PatientGrant.objects.filter(user=user)}
        assert grants.keys() == {GrantTemplate.SELF, GrantTemplate.GUARDIAN}
        assert str(grants[GrantTemplate.SELF].patient) == str(user)
        for grant in grants.values():
            assert grant.granted_by == User.objects.system()
            assert access.visible_to(user, Dose).filter(patient=grant.patient).count() >= 6
        assert access.visible_to(user, Patient).count() == 2


class TestRecords(Seeded):
    def test_every_dose_keeps_every_rule(self) -> None:
        doses = Dose.objects.select_related("patient", "clinic", "lot__vaccine", "vaccine")
        assert doses.count() > 120
        for dose in doses:
            dose.full_clean(exclude={"lot"})
            # A voided dose and its reason are of the past; the rules speak of what was given.
            if dose.status == DoseStatus.COMPLETED:
                assert judge(dose, domain_doses._facts(dose), RULES) == []
        if connection.vendor == "sqlite":
            connection.check_constraints()

    def test_doses_are_of_the_last_two_years_and_of_today(self) -> None:
        harbour = Clinic.objects.get(code=content.HARBOUR)
        days = set(Dose.objects.values_list("administered_on", flat=True))
        assert min(days) >= timezone.localdate() - dt.timedelta(days=731)
        assert max(days) == harbour.today()

    def test_doses_of_every_kind(self) -> None:
        assert Dose.history.filter(history_change_reason__contains="misread").count() == 1
        voided = Dose.objects.get(status=DoseStatus.ENTERED_IN_ERROR)
        assert voided.status_reason == "Entered for the wrong patient."
        assert "fever" in Dose.objects.get(status=DoseStatus.NOT_DONE).status_reason
        elsewhere = Dose.objects.get(primary_source=False)
        assert (elsewhere.lot_number, elsewhere.clinic) == (None, None)

    def test_lots_of_every_kind(self) -> None:
        today = timezone.localdate()
        soon = today + dt.timedelta(days=30)
        recalled = Lot.objects.get(recalled_on__isnull=False)
        assert Lot.objects.filter(expires_on__lt=today).exists()
        assert Lot.objects.filter(expires_on__gte=today, expires_on__lte=soon).exists()
        assert domain_lots.affected_patients(recalled).count() >= 3

    def test_clinics_in_three_time_zones_one_of_them_renamed(self) -> None:
        assert Clinic.objects.values("time_zone").distinct().count() == 3
        renamed = Clinic.objects.get(effective_from__isnull=False)
        assert renamed.name == content.NEW_NAME
        given = Dose.objects.filter(clinic=renamed)
        assert given.filter(administered_on__lt=renamed.effective_from).exists()
        assert given.filter(administered_on__gte=renamed.effective_from).exists()

    def test_one_pair_of_duplicates_is_open_and_one_merged(self) -> None:
        twice = content.TWICE
        records = Patient.objects.filter(last_name__in=[twice.last_name, "OConnor"])
        similar = domain_patients.similar_patients(
            fields={
                "first_name": twice.first_name,
                "last_name": twice.last_name,
                "date_of_birth": records[0].date_of_birth,
            }
        )
        assert similar.count() == 2
        merge = PatientMerge.objects.get()
        assert merge.duplicate.merged_into == merge.survivor
        assert merge.doses.exists()

    def test_schedules_are_entered_as_examples(self) -> None:
        vaccine = Vaccine.objects.get(cvx_code="03")
        assert (vaccine.doses_in_series, vaccine.min_interval_days) == (2, 28)
        assert (vaccine.min_age_months, vaccine.max_age_months) == (12, None)
        assert "Example" in vaccine.history.get(version=2).history_change_reason

    def test_nobody_acts_beyond_their_role(self) -> None:
        recorders = set(Dose.objects.values_list("recorded_by", flat=True))
        assert recorders == {account(VOLUNTEER).pk, account(DBA).pk}


class TestAgain(Seeded):
    def test_adds_nothing(self) -> None:
        before = row_counts()
        assert "The demo records are there already." in seed()
        assert row_counts() == before

    def test_adds_nothing_on_a_later_day(self) -> None:
        before = row_counts()
        later = timezone.now() + dt.timedelta(days=40)
        with patch.object(timezone, "now", lambda: later):
            seed()
        assert row_counts() == before

    def test_makes_a_missing_account(self) -> None:
        analyst = User.objects.get(email="analytics@demo.vaxpass.example")
        analyst.delete()
        seed()
        assert User.objects.filter(is_demo=True).count() == len(ROLES)


# Calendars differ: a leap day, a new year that Chicago does not have yet, a change of the clock.
@pytest.mark.parametrize("moment", ["2028-02-29T12:00", "2027-01-01T03:00", "2027-03-28T01:30"])
def test_can_be_made_at_any_time(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    fixed = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
    monkeypatch.setattr(timezone, "now", lambda: fixed)
    prepare()
    assert "Made 3 clinics" in seed()


class TestRefusal:
    def test_in_production(self, settings: Settings) -> None:
        prepare()
        settings.DEVELOPMENT = False
        with pytest.raises(CommandError, match="development mode only"):
            seed()
        assert not User.objects.filter(is_demo=True).exists()

    def test_before_sync_roles(self) -> None:
        with pytest.raises(CommandError, match="run sync_roles first"):
            seed()
        assert not User.objects.filter(is_demo=True).exists()

    def test_before_load_codes(self) -> None:
        call_command("sync_roles", stdout=StringIO())
        with pytest.raises(CommandError, match="Run load_codes first"):
            seed()
        assert not User.objects.filter(is_demo=True).exists()
        assert not Clinic.objects.exists()
