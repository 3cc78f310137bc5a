"""Requests that open a link at the same moment: real threads, each with its own connection."""

from typing import Any

import pytest
from django.contrib.auth.hashers import check_password

from records.domain import shared
from records.domain.share_links import MOST_TRIES
from records.domain.shared import LinkInactive, Opened, WrongPasscode, open_link
from records.models import AuditEntry, ShareLink, ShareView
from tests.records.domain.test_concurrency import race
from tests.records.sharing import PASSCODE, make_sharer, signs, token_of

__all__ = ["signs"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("signs")]

MANY = 50


def kinds(outcomes: list[Any]) -> dict[type, int]:
    found = [type(outcome) for outcome in outcomes]
    return {kind: found.count(kind) for kind in set(found)}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the passcodes that were compared, as they come."""
    seen: list[str] = []

    def check(passcode: str, encoded: str) -> bool:
        seen.append(passcode)
        return check_password(passcode, encoded)

    monkeypatch.setattr(shared, "check_password", check)
    return seen


def test_wrong_passcodes_at_once_are_compared_no_more_often_than_the_limit(
    compared: list[str],
) -> None:
    _, text = make_sharer().share(passcode=PASSCODE)
    token = token_of(text)

    outcomes = race(
        *(
            lambda n=n: open_link(token=token, recipient="x", passcode=f"guess {n}")
            for n in range(MANY)
        )
    )

    assert kinds(outcomes) == {WrongPasscode: MOST_TRIES, LinkInactive: MANY - MOST_TRIES}
    assert len(compared) == MOST_TRIES
    assert ShareLink.objects.get().tries_left == 0
    assert AuditEntry.objects.filter(action="sharelink.refused").count() == MOST_TRIES


def test_right_passcodes_at_once_open_no_window_for_wrong_ones(compared: list[str]) -> None:
    _, text = make_sharer().share(passcode=PASSCODE)
    token = token_of(text)

    def typed(number: int) -> Any:
        passcode = PASSCODE if number % 2 else f"guess {number}"
        return lambda: open_link(token=token, recipient="x", passcode=passcode)

    for _ in range(2):
        race(*map(typed, range(MANY)))

    wrong = [passcode for passcode in compared if passcode != PASSCODE]
    link = ShareLink.objects.get()
    assert link.tries_left == MOST_TRIES - len(wrong)
    assert link.views == ShareView.objects.count() == len(compared) - len(wrong)


def test_right_passcodes_give_their_tries_back() -> None:
    _, text = make_sharer().share(passcode=PASSCODE)
    token = token_of(text)

    outcomes = race(
        *(
            lambda: open_link(token=token, recipient="x", passcode=PASSCODE)
            for _ in range(MOST_TRIES)
        )
    )

    assert kinds(outcomes) == {Opened: MOST_TRIES}
    assert ShareLink.objects.get().tries_left == MOST_TRIES


def test_views_at_once_are_no_more_than_allowed() -> None:
    _, text = make_sharer().share(views_allowed=3)
    token = token_of(text)

    outcomes = race(*(lambda: open_link(token=token, recipient="x") for _ in range(MANY)))

    assert kinds(outcomes) == {Opened: 3, LinkInactive: MANY - 3}
    assert ShareLink.objects.get().views == ShareView.objects.count() == 3
    assert AuditEntry.objects.filter(action="sharelink.opened").count() == 3
