"""POST /api/v1/verify: open to everybody, and careful with what it shows."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings as project
from django.utils import timezone

from records.models import AuditEntry
from tests.records import factories as make
from tests.records.signing import (
    DAY,
    PERSON,
    CardIssuer,
    CountrySigner,
    changed,
    own_issuer,
    trusted,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1/verify"


def ask(client, body):
    return client.post(URL, body, content_type="application/json")


@pytest.fixture
def card():
    issuer = CardIssuer()
    trusted(issuer, name="Ministry")
    return issuer


def test_anybody_learns_what_a_code_says(client, card):
    now = timezone.now().replace(microsecond=0)

    answer = ask(client, {"code": card.card(not_before=now, exp=int((now + DAY).timestamp()))})

    told = answer.json()
    assert (answer.status_code, told["outcome"]) == (200, "valid")
    assert told["format"] == "shc"
    assert told["issuer"]["identifier"] == card.iss
    assert told["issuer"]["name"] == "Ministry"
    assert told["issuer"]["checked_at"].endswith("Z")
    assert told["person"]["family"] == PERSON.family
    assert told["person"]["birth_date"] == PERSON.birth_date
    assert [dose["lot_number"] for dose in told["doses"]] == ["HL-1"]
    assert told["not_before"] == now.isoformat().replace("+00:00", "Z")
    assert told["expires_at"] == (now + DAY).isoformat().replace("+00:00", "Z")


def test_certificate_shows_both_kinds_of_names(client):
    now = timezone.now()
    signer = CountrySigner(not_after=now + 90 * DAY)
    trusted(signer, name="Austria")

    told = ask(client, {"code": signer.write(issued_at=now, expires_at=now + DAY)}).json()

    assert (told["outcome"], told["format"], told["kind"]) == ("valid", "dcc", "vaccination")
    assert told["person"]["family"] == PERSON.family
    assert told["person"]["family_plain"] == PERSON.family_plain
    assert told["doses"][0]["number"] == 2


@pytest.mark.parametrize("case", ["tampered", "unknown-issuer", "malformed"])
def test_nothing_is_shown_that_is_not_signed(client, card, case):
    code = {
        "tampered": changed(card.card()),
        "unknown-issuer": CardIssuer(card.iss).card(),
        "malformed": PERSON.family,
    }[case]

    answer = ask(client, {"code": code})

    told = answer.json()
    assert (answer.status_code, told["outcome"]) == (200, case)
    assert (told["person"], told["doses"], told["issuer"]) == (None, [], None)
    assert PERSON.family not in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"code": ""}, 422),
        ({"code": 5}, 422),
        ({"code": None}, 422),
        ({"code": "x" * 200_001}, 422),
        ({"code": "x", "keys": []}, 422),
        ([], 400),
    ],
)
def test_request_without_a_code_is_refused(client, body, status):
    assert ask(client, body).status_code == status


def test_body_is_bounded(client):
    assert ask(client, {"code": "x" * project.API_MAX_BODY}).status_code == 413


def test_other_methods_are_refused(client):
    for method in (client.get, client.put, client.delete, client.patch):
        assert method(URL).status_code == 405


def test_checks_are_counted_for_each_network(client, clock, monkeypatch):
    rates = dict.fromkeys(project.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "2/h")
    monkeypatch.setattr("records.api.throttles.ClientRate.THROTTLE_RATES", rates)
    monkeypatch.setattr("records.api.throttles.PARTS", 10**6)

    answers = [ask(client, {"code": "x"}) for _ in range(4)]

    assert [answer.status_code for answer in answers][-1] == 429
    assert int(answers[-1]["Retry-After"]) > 0
    assert (
        client.post(
            URL, {"code": "x"}, content_type="application/json", REMOTE_ADDR="192.0.2.9"
        ).status_code
        == 200
    )


def test_nothing_of_a_code_is_stored_or_logged(client, settings, caplog):
    own = CardIssuer(settings.ISSUER.url)
    own_issuer(settings, own.hold())
    make.system()
    audited = AuditEntry.objects.count()

    with caplog.at_level(logging.DEBUG):
        for code in (own.card(), changed(own.card()), PERSON.family):
            assert ask(client, {"code": code}).status_code == 200

    assert AuditEntry.objects.count() == audited
    said = [record for record in caplog.records if not record.name.startswith("django.db")]
    assert PERSON.family not in " ".join(f"{each.getMessage()} {each.__dict__}" for each in said)


def test_check_of_an_own_card_takes_one_query(client, settings, django_assert_num_queries):
    own = CardIssuer(settings.ISSUER.url)
    own_issuer(settings, own.hold())
    ask(client, {"code": own.card()})

    with django_assert_num_queries(1):
        assert ask(client, {"code": own.card()}).json()["outcome"] == "valid"
