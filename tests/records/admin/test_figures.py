"""The pages of figures: for whom they are, what they show, and what leaves as a file."""

import csv
import datetime as dt
from io import StringIO

import pytest
from django.urls import reverse
from django.utils.html import escape

from accounts.roles import ANALYTICS, DBA, LOGISTICS, ROLES, SALES
from records.models import AuditEntry
from tests.records import factories as make

pytestmark = pytest.mark.django_db
SUPPLY, COVERAGE = "admin:figures_supply", "admin:figures_coverage"
FILE = "admin:figures_coverage_file"
DAY = dt.date(2025, 3, 14)
MAY = {
    SUPPLY: {LOGISTICS.name, DBA.name},
    COVERAGE: {ANALYTICS.name, DBA.name},
    FILE: {ANALYTICS.name, DBA.name},
}


@pytest.fixture
def given():
    """Give five doses of one lot at one clinic, and one elsewhere."""
    lot, clinic = make.make_lot(), make.make_clinic(name="=Clinic & Co")
    volunteer = make.make_volunteer(clinic)
    doses = [
        make.make_dose(lot=lot, clinic=clinic, volunteer=volunteer, administered_on=DAY)
        for _ in range(5)
    ]
    return [*doses, make.make_dose(lot=lot, administered_on=DAY)]


def sign_in(client, role):
    user = make.make_user(role.name, is_staff=True)
    client.force_login(user)
    return user


def no_person_in(text, doses):
    for dose in doses:
        patient = dose.patient
        for secret in (patient.last_name, patient.public_id, dose.public_id):
            assert str(secret) not in text


@pytest.mark.parametrize("name", MAY)
@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_page_is_for_its_roles_alone(client, role, name):
    make.make_user(role.name)
    user = make.make_user(role.name, is_staff=role.uses_admin)
    client.force_login(user)
    assert client.get(reverse(name)).status_code == (200 if role.name in MAY[name] else 403)


@pytest.mark.parametrize("name", MAY)
def test_page_is_not_for_anonymous_people_and_takes_no_form(client, name):
    answer = client.get(reverse(name))
    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"] or "/login" in answer["Location"]
    sign_in(client, DBA)
    assert client.post(reverse(name)).status_code == 405


def test_supply_page_shows_doses_of_a_lot_without_people(client, given):
    sign_in(client, LOGISTICS)
    answer = client.get(reverse(SUPPLY), {"lot": given[0].lot_number, "since": "2025-01-01"})
    text = answer.content.decode()
    assert escape(given[0].clinic.name) in text
    assert text.count("2025-03-14</time>") == 2
    assert len(answer.context["rows"]) == 2
    no_person_in(text, given)


def test_supply_page_limits_what_it_counts(client, given):
    sign_in(client, LOGISTICS)
    long = {"since": "2020-01-01", "until": "2025-12-31"}
    assert b"a period of a year at most" in client.get(reverse(SUPPLY), long).content
    turned = {"since": "2025-02-01", "until": "2025-01-31"}
    assert b"ends before it starts" in client.get(reverse(SUPPLY), turned).content
    unknown = client.get(reverse(SUPPLY), {"clinic": "nowhere"})
    assert unknown.status_code == 200
    assert not unknown.context["rows"]


def test_coverage_page_leaves_small_figures_out(client, given):
    sign_in(client, ANALYTICS)
    text = client.get(reverse(COVERAGE), {"year": "2025"}).content.decode()
    assert "&lt;5" in text
    assert "5 and small groups" in text
    no_person_in(text, given)


def test_coverage_file_holds_the_page_and_is_audited(client, given):
    user = sign_in(client, ANALYTICS)
    answer = client.get(reverse(FILE), {"year": "2025"})
    rows = list(csv.DictReader(StringIO(answer.content.decode())))
    assert sorted((row["month"], row["clinic"], row["doses"]) for row in rows) == sorted(
        [
            ("2025-03", "'=Clinic & Co", "5"),
            ("2025-03", given[-1].clinic.name, "<5"),
        ]
    )
    no_person_in(answer.content.decode(), given)
    entry = AuditEntry.objects.get(action="coverage.exported")
    assert (entry.actor, entry.channel) == (user, "admin")


@pytest.mark.parametrize("year", ["x", "0", "99999"])
def test_a_year_that_is_none_is_refused(client, year):
    sign_in(client, ANALYTICS)
    assert client.get(reverse(FILE), {"year": year}).status_code == 400
    assert client.get(reverse(COVERAGE), {"year": year}).status_code == 200
    assert not AuditEntry.objects.filter(action="coverage.exported").exists()


def test_first_page_leads_to_the_figures_of_ones_role(client):
    for role, seen in ((LOGISTICS, {SUPPLY}), (ANALYTICS, {COVERAGE}), (SALES, set())):
        sign_in(client, role)
        text = client.get(reverse("admin:index")).content.decode()
        assert {name for name in (SUPPLY, COVERAGE) if reverse(name) in text} == seen


def test_a_lot_leads_to_its_doses(client, given):
    sign_in(client, LOGISTICS)
    lot = given[0].lot
    text = client.get(reverse("admin:records_lot_change", args=[lot.pk])).content.decode()
    assert f"{reverse(SUPPLY)}?lot={lot.number}" in text
