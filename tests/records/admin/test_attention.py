"""The cards of the first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import ANALYTICS, LOGISTICS, USER_MANAGER
from records.admin import attention
from records.domain import lots
from tests.records import factories

pytestmark = pytest.mark.django_db


def titles(client: Client) -> dict[str, dict[str, Any]]:
    return {card["title"]: card for card in client.get("/admin/").context["attention"] or []}


@pytest.fixture
def recalled() -> Any:
    """Return a lot that one dose came from and that was recalled since."""
    lot: Any = factories.make_dose().lot
    lots.recall_lot(
        by=factories.system(), lot=lot, version=1, recalled_on=factories.days_ago(1), reason="bad"
    )
    return lot


@pytest.mark.usefixtures("recalled")
def test_cards_count_and_lead_to_their_lists(page: Client) -> None:
    factories.make_lot(expires_on=factories.days_ago(-3))
    factories.make_volunteer()
    cards = titles(page)
    assert cards["Recalled lots"]["count"] == "1"
    assert cards["Recalled lots"]["text"].startswith("1 dose was given")
    assert cards["Lots to use up"]["count"] == "1"
    assert cards["Volunteers without assignment"]["count"] == "1"
    for card in cards.values():
        assert card["url"] in page.get("/admin/").content.decode()
        found = page.get(card["url"]).context["cl"]
        assert str(found.result_count) == card["count"]


def test_counts_are_capped(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "CAP", 1)
    factories.make_volunteer()
    factories.make_volunteer()
    assert titles(page)["Volunteers without assignment"]["count"] == "1+"


@pytest.mark.usefixtures("recalled")
def test_each_role_sees_its_own_cards(login: Callable[[Any], Client]) -> None:
    seen = {}
    for role in (LOGISTICS, ANALYTICS, USER_MANAGER):
        client = login(factories.make_user(role.name, is_staff=True))
        seen[role.name] = titles(client)
    assert set(seen[LOGISTICS.name]) == {"Recalled lots"}
    assert "given from them" in seen[LOGISTICS.name]["Recalled lots"]["text"]
    assert "given from them" not in seen[ANALYTICS.name]["Recalled lots"]["text"]
    assert seen[USER_MANAGER.name] == {}
