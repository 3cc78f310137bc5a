"""History and as-of pages."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils.http import urlencode

from records.domain import patients, reference
from tests.records import factories
from tests.records.admin.helpers import url

pytestmark = pytest.mark.django_db


def test_history_tells_who_when_why_and_what_differed(page: Client) -> None:
    patient = factories.make_patient(city="Lagos")
    patients.amend_patient(
        by=factories.make_user("DBA", name="Amina Diallo"),
        patient=patient,
        version=1,
        reason="Moved house",
        changes={"city": "Abuja"},
    )
    text = page.get(url(patient, "history")).content.decode()
    assert "Amina Diallo" in text
    assert "Moved house" in text
    assert "<del>Lagos</del>" in text
    assert "<ins>Abuja</ins>" in text
    moment = patient.history.first().history_date
    assert urlencode({"at": moment.isoformat()}) in text


def test_history_gives_the_clinics_own_time_too(page: Client) -> None:
    clinic = factories.make_clinic(time_zone="Asia/Tokyo")
    assert "JST at the clinic" in page.get(url(clinic, "history")).content.decode()


def test_as_of_shows_the_record_as_it_was_beside_what_differs_now(page: Client) -> None:
    clinic = factories.make_clinic(name="Old name", city="Same city")
    reference.correct(
        by=factories.system(), record=clinic, version=1, reason="x", changes={"name": "New name"}
    )
    newest, first = clinic.history.all()
    for version, expected in ((first, "Old name"), (newest, "New name")):
        response = page.get(url(clinic, "as_of"), {"at": version.history_date.isoformat()})
        rows = {row["label"]: row for row in response.context["rows"]}
        assert rows["name"]["was"] == expected
        assert rows["city"]["was"] == "Same city"
        assert rows["city"]["differs"] is False
    assert page.get(url(clinic, "as_of")).context["version"].version == 2


def test_as_of_before_the_record_says_that_there_was_none(page: Client) -> None:
    clinic = factories.make_clinic()
    early = clinic.history.get().history_date - dt.timedelta(microseconds=1)
    response = page.get(url(clinic, "as_of"), {"at": early.isoformat()})
    assert b"did not exist" in response.content


@pytest.mark.parametrize("at", ["yesterday", "", "2026-13-45T00:00"])
def test_as_of_a_moment_that_is_none_is_an_error_of_the_form(page: Client, at: str) -> None:
    response = page.get(url(factories.make_clinic(), "as_of"), {"at": at})
    assert response.status_code == 200
    assert response.context["form"].errors["at"]


def test_a_picker_without_fractions_falls_after_the_version(page: Client) -> None:
    clinic = factories.make_clinic()
    moment = clinic.history.get().history_date
    response = page.get(url(clinic, "as_of"), {"at": moment.isoformat()})
    shown = response.context["form"]["at"].value()
    assert shown.replace(tzinfo=dt.UTC) >= moment
    assert shown.microsecond == 0
