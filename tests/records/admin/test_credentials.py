"""Credentials, links and the trust list in the admin: shown without what they say."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.roles import DBA
from records.domain import boxes
from records.models import Credential
from tests.records import factories as make
from tests.records import issuer
from tests.records.admin.helpers import errors_of, list_url, send, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def dba(login: Any) -> Client:
    return login(make.make_user(DBA.name, is_staff=True))


@pytest.fixture
def card() -> Credential:
    return issuer.issue_one(make.make_dose().patient)


def test_credential_is_revoked_with_a_reason_and_only_once(dba: Client, card: Credential) -> None:
    assert set(errors_of(send(dba, url(card, "revoke")))) == {"reason"}
    assert issuer.cause(card) == ""

    assert send(dba, url(card, "revoke"), reason="Lost phone.").status_code == 302

    assert issuer.cause(card) == "withdrawn"
    assert b"/revoke/" not in dba.get(url(card, "change")).content


def test_pages_show_nothing_of_what_a_credential_says(dba: Client, card: Credential) -> None:
    sealed = bytes(Credential.objects.get(pk=card.pk).content).decode()
    text = boxes.unseal(sealed.encode()).decode()
    pages = [list_url(Credential), url(card, "change"), url(card, "history"), url(card, "as_of")]

    for page in pages:
        answer = dba.get(page)
        assert answer.status_code == 200
        assert sealed not in answer.content.decode()
        assert text not in answer.content.decode()


def test_pages_show_nothing_of_a_link_that_would_open_it(dba: Client) -> None:
    link = issuer.signed_and_shared(make.make_dose().patient)["sharelink"]
    type(link).objects.update(passcode="hashed$leak", secret=b"sealed-leak")

    for page in [list_url(type(link)), url(link, "change"), url(link, "history")]:
        answer = dba.get(page)
        assert answer.status_code == 200
        for secret in ("leak", link.digest):
            assert secret not in answer.content.decode()
