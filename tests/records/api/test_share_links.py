"""SMART Health Links through the API."""

from typing import Any

import pytest

from accounts.roles import DBA, PATIENT
from records.domain.share_links import link_text
from records.models import ShareLink
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.sharing import (
    PASSCODE,
    Sharer,
    ask,
    in_days,
    make_sharer,
    sharer,
    signs,
    token_of,
)

__all__ = ["sharer", "signs"]


@pytest.fixture
def holder(sharer: Sharer) -> Caller:
    return Caller(sharer.user)


def below(case: Sharer) -> str:
    return f"patients/{case.patient.public_id}/share-links"


def another(case: Sharer, template: str) -> Caller:
    user = make.make_user(PATIENT.name)
    make.make_grant(user, case.patient, template=template)
    return Caller(user)


def test_link_is_made_and_told_once(holder: Caller, sharer: Sharer) -> None:
    body = {"label": "School", "passcode": PASSCODE, "views_allowed": 2}

    made = holder.post(below(sharer), body)

    assert made.status_code == 201
    link = ShareLink.objects.get()
    told = made.json()
    assert told["has_passcode"] is True
    assert told["link"] == link_text(by=sharer.user, link=link)
    assert told["page"].endswith(f"/s/{token_of(told['link'])}")
    assert link.expires_at is not None
    assert abs((link.expires_at - in_days(7)).total_seconds()) < 60
    assert ask(token_of(told["link"]), passcode=PASSCODE).status_code == 200
    assert made["Location"] == f"/api/v1/share-links/{link.public_id}"
    assert made["ETag"] == '"1"'

    read = holder.get(f"share-links/{link.public_id}").json()
    assert read == {**{name: told[name] for name in read}, "views": 1}
    assert {"link", "page", "passcode", "secret", "digest"}.isdisjoint(read)
    [listed] = holder.get(below(sharer)).json()["results"]
    assert listed == read


def test_repeated_request_gets_the_same_answer(holder: Caller, sharer: Sharer) -> None:
    body = {"passcode": PASSCODE, "expires_at": None}

    first = holder.post(below(sharer), body, key="one")
    again = holder.post(below(sharer), body, key="one")
    other = holder.post(below(sharer), {**body, "passcode": "other heron"}, key="one")

    assert first.json() == again.json()
    assert first.json()["expires_at"] is None
    assert other.status_code == 422
    assert ShareLink.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"passcode": "12345"}, "passcode"),
        ({"passcode": "password"}, "passcode"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2031-01-01T00:00:00"}, "expires_at"),
        ({"views_allowed": 0}, "views_allowed"),
        ({"views_allowed": True}, "views_allowed"),
        ({"label": "x" * 81}, "label"),
        ({"key": "mine"}, "key"),
    ],
    ids=str,
)
def test_request_that_is_wrong_names_the_field(
    holder: Caller, sharer: Sharer, body: dict[str, Any], field: str
) -> None:
    answer = holder.post(below(sharer), body)

    assert answer.status_code == 422
    assert set(refused_fields(answer)) == {field}
    assert not ShareLink.objects.exists()


def test_link_is_revoked_at_the_version_that_was_seen(holder: Caller, sharer: Sharer) -> None:
    link, text = sharer.share()
    ask(token_of(text))
    address = f"share-links/{link.public_id}/revoke"

    assert holder.post(address).status_code == 428
    assert holder.post(address, if_match='"2"').status_code == 412
    assert ask(token_of(text)).status_code == 200
    revoked = holder.post(address, if_match='"1"')

    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"]
    assert revoked["ETag"] == '"2"'
    assert ask(token_of(text)).status_code == 404
    refused = holder.send("delete", f"share-links/{link.public_id}")
    assert refused.status_code == 405
    assert "revoke" in refused.json()["detail"]


@pytest.mark.parametrize("template", ["carer", "relative"])
def test_who_may_not_share_finds_nothing(sharer: Sharer, template: str) -> None:
    link, _ = sharer.share()
    caller = another(sharer, template)

    assert caller.get(below(sharer)).status_code == 404
    assert caller.post(below(sharer)).status_code == 404
    assert caller.get("share-links").json()["results"] == []
    assert caller.get(f"share-links/{link.public_id}").status_code == 404
    revoke = caller.post(f"share-links/{link.public_id}/revoke", if_match='"1"')
    assert revoke.status_code == 404


def test_links_of_other_records_are_as_absent(holder: Caller, sharer: Sharer) -> None:
    other = make_sharer(last_name="Zimmerwald")
    link, _ = other.share()

    assert holder.get(below(other)).status_code == 404
    assert holder.post(below(other)).status_code == 404
    assert holder.get("share-links").json()["results"] == []
    assert holder.get(f"share-links/{link.public_id}").status_code == 404


def test_keeper_sees_that_there_are_links_and_makes_none(sharer: Sharer) -> None:
    link, text = sharer.share()
    keeper = Caller(make.make_user(DBA.name, is_staff=True))

    listed = keeper.get(below(sharer))

    assert [row["id"] for row in listed.json()["results"]] == [str(link.public_id)]
    assert token_of(text) not in listed.content.decode()
    assert keeper.post(below(sharer)).status_code == 403
    assert keeper.post(f"share-links/{link.public_id}/revoke", if_match='"1"').status_code == 403
