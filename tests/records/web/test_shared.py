"""A shared record as programs open it, which have nothing but the link."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.utils import timezone

from records.domain import doses, grants, merges, share_links, shared
from records.domain.share_links import MOST_TRIES
from records.models import AuditEntry, Patient, ShareLink, ShareView
from tests.records import factories as make
from tests.records.sharing import (
    PASSCODE,
    Sharer,
    ask,
    decrypted,
    make_sharer,
    payload_of,
    sharer,
    signs,
    stated,
    token_of,
    typed,
)

__all__ = ["sharer", "signs"]

WHO = {"recipient": "Dr Who"}


def test_program_gets_the_card_that_the_link_decrypts(sharer: Sharer) -> None:
    link, text = sharer.share()

    answer = ask(token_of(text))

    assert answer.status_code == 200
    [card] = stated(answer, text)
    assert card.person.family == "Quibblesworth"
    assert [dose.lot_number for dose in card.doses] == ["ZQ42"]
    assert b"Quibblesworth" not in answer.content
    link.refresh_from_db()
    assert link.views == 1


def test_address_in_the_link_is_the_one_of_the_issuer(sharer: Sharer) -> None:
    _, text = sharer.share(passcode=PASSCODE)

    payload = payload_of(text)

    assert payload["url"] == f"https://vaxpass.example.org/s/{token_of(text)}"
    assert len(payload["url"]) <= 128
    assert len(token_of(text)) == len(payload["key"]) == 43
    assert payload["flag"] == "LP"


def test_answer_may_be_read_by_any_origin_and_kept_by_nobody(sharer: Sharer) -> None:
    _, text = sharer.share()
    client = Client(enforce_csrf_checks=True)

    asked = client.options(f"/s/{token_of(text)}", headers={"Origin": "https://viewer.example"})
    answer = ask(token_of(text), client)

    assert asked.status_code == 204
    for response in (asked, answer):
        assert response["Access-Control-Allow-Origin"] == "*"
        assert "POST" in response["Access-Control-Allow-Methods"]
        assert response["Access-Control-Allow-Headers"] == "Content-Type"
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "no-referrer"
        assert not response.cookies


def test_passcode_opens_and_a_wrong_one_says_how_many_are_left(sharer: Sharer) -> None:
    _, text = sharer.share(passcode=PASSCODE)

    wrong = ask(token_of(text), passcode="red heron")
    missing = ask(token_of(text))
    right = ask(token_of(text), passcode=f" {PASSCODE} ")

    assert (wrong.status_code, wrong.json()) == (401, {"remainingAttempts": MOST_TRIES - 1})
    assert (missing.status_code, missing.json()) == (401, {"remainingAttempts": MOST_TRIES - 1})
    assert right.status_code == 200
    assert ShareLink.objects.get().tries_left == MOST_TRIES - 1
    assert ShareLink.objects.get().views == 1


def test_ten_wrong_passcodes_in_a_lifetime_lock_the_link_for_good(sharer: Sharer) -> None:
    link, text = sharer.share(passcode=PASSCODE)
    left = []
    for _ in range(MOST_TRIES):
        left.append(ask(token_of(text), passcode="wrong passcode").json()["remainingAttempts"])
        if left[-1]:
            assert ask(token_of(text), passcode=PASSCODE).status_code == 200

    assert left == list(range(MOST_TRIES - 1, -1, -1))
    dead = ask(token_of(text), passcode=PASSCODE)
    assert dead.status_code == 404
    assert dead.content == ask("no-such-token").content
    link.refresh_from_db()
    assert share_links.state_of(link) == "locked"


def expire(case: Sharer, link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())


def revoke(case: Sharer, link: ShareLink) -> None:
    share_links.revoke_share_link(by=case.user, link=link, version=1)


def use_up(case: Sharer, link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(views_allowed=1, views=1)


def remove_grant(case: Sharer, link: ShareLink) -> None:
    grants.revoke_access(by=make.system(), grant=case.grant, reason="Asked for it.")


def demote(case: Sharer, link: ShareLink) -> None:
    make.make_grant(case.user, case.patient, template="carer")


def switch_off(case: Sharer, link: ShareLink) -> None:
    case.user.is_active = False
    case.user.save()


def take_role(case: Sharer, link: ShareLink) -> None:
    case.user.groups.clear()


def unconfirm(case: Sharer, link: ShareLink) -> None:
    Patient.objects.filter(pk=case.patient.pk).update(identity_confirmed_on=None)


def merge(case: Sharer, link: ShareLink) -> None:
    survivor = make.make_patient(last_name="Quibblesworth")
    merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=case.patient, version=1, reason="One person."
    )


ENDS = (expire, revoke, use_up, remove_grant, demote, switch_off, take_role, unconfirm, merge)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_link_that_ended_answers_like_one_that_never_was(sharer: Sharer, end: Any) -> None:
    link, text = sharer.share(passcode=PASSCODE)
    token = token_of(text)
    located = ask(token, passcode=PASSCODE, embeddedLengthMax=1).json()["files"][0]["location"]
    file = located.removeprefix("https://vaxpass.example.org")
    end(sharer, link)
    before = AuditEntry.objects.count()

    unknown = "A" * 43
    dead, absent = ask(token, passcode=PASSCODE), ask(unknown, passcode=PASSCODE)
    page, no_page = Client().get(f"/s/{token}"), Client().get(f"/s/{unknown}")
    fetched = Client().get(file)

    assert (dead.status_code, dead.content) == (404, absent.content)
    assert (page.status_code, page.content) == (404, no_page.content)
    assert {name: value for name, value in dead.headers.items() if name != "X-Request-ID"} == {
        name: value for name, value in absent.headers.items() if name != "X-Request-ID"
    }
    # The file belongs to the last opening that was allowed.
    assert fetched.status_code == (200 if end is use_up else 404)
    ended = AuditEntry.objects.count() - before
    assert ended == (1 if end is use_up else 0)


@pytest.mark.parametrize("end", [remove_grant, unconfirm, merge], ids=lambda end: end.__name__)
def test_right_that_goes_while_a_link_is_opened_ends_it_like_any_other(
    sharer: Sharer, monkeypatch: pytest.MonkeyPatch, end: Any
) -> None:
    link, text = sharer.share()
    cards = shared._cards

    def late(found: ShareLink) -> list[str]:
        end(sharer, link)
        return cards(found)

    monkeypatch.setattr(shared, "_cards", late)
    answer = ask(token_of(text))

    assert (answer.status_code, answer.content) == (404, ask("A" * 43).content)
    assert ShareLink.objects.get().views == 0


def test_right_that_goes_before_the_page_is_written_ends_the_link(
    sharer: Sharer, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, text = sharer.share()
    count = shared._count_view

    def late(found: ShareLink, recipient: str) -> None:
        count(found, recipient)
        remove_grant(sharer, link)

    monkeypatch.setattr(shared, "_count_view", late)
    page = typed(token_of(text), **WHO)

    assert page.status_code == 404
    assert "Quibblesworth" not in page.content.decode()


def test_views_are_counted_and_limited(sharer: Sharer) -> None:
    _, text = sharer.share(views_allowed=2)

    codes = [ask(token_of(text)).status_code for _ in range(3)]

    assert codes == [200, 200, 404]
    assert ShareLink.objects.get().views == ShareView.objects.count() == 2


def test_look_at_the_form_is_no_view(sharer: Sharer) -> None:
    _, text = sharer.share(views_allowed=1)

    assert Client().get(f"/s/{token_of(text)}").status_code == 200
    assert Client().head(f"/s/{token_of(text)}").status_code == 200
    assert ShareLink.objects.get().views == 0


def test_file_too_long_to_embed_has_an_address_that_does_not_last(
    sharer: Sharer, monkeypatch: Any
) -> None:
    _, text = sharer.share()
    [file] = ask(token_of(text), embeddedLengthMax=100).json()["files"]
    assert set(file) == {"contentType", "location"}
    path = file["location"].removeprefix("https://vaxpass.example.org")

    found = Client().get(path)
    assert found.status_code == 200
    assert found["Content-Type"] == "application/jose"
    assert found["Access-Control-Allow-Origin"] == "*"
    cards = decrypted(found.content.decode(), text)["verifiableCredential"]
    assert len(cards) == 1

    assert dt.timedelta(hours=1) >= shared.FILE_LIVES
    monkeypatch.setattr(shared, "FILE_LIVES", dt.timedelta(seconds=-1))
    assert Client().get(path).status_code == 404


def test_address_of_a_file_is_good_for_its_own_link_only(sharer: Sharer) -> None:
    _, text = sharer.share()
    _, other = make_sharer(last_name="Zimmerwald").share()
    [file] = ask(token_of(text), embeddedLengthMax=1).json()["files"]
    signed = file["location"].rpartition("/")[2]

    assert Client().get(f"/s/{token_of(other)}/file/{signed}").status_code == 404
    assert Client().get(f"/s/{token_of(text)}/file/file").status_code == 404


def test_length_of_an_embedded_file_is_as_asked(sharer: Sharer) -> None:
    _, text = sharer.share()
    [file] = ask(token_of(text)).json()["files"]
    length = len(file["embedded"])

    assert "embedded" in ask(token_of(text), embeddedLengthMax=length).json()["files"][0]
    assert "location" in ask(token_of(text), embeddedLengthMax=length - 1).json()["files"][0]


def test_voided_dose_is_not_in_the_next_card(sharer: Sharer) -> None:
    _, text = sharer.share()
    extra = make.make_dose(
        patient=sharer.patient, lot=make.make_lot(number="ZQ43"), administered_on=make.days_ago(2)
    )
    [before] = stated(ask(token_of(text)), text)

    doses.void_dose(by=make.system(), dose=extra, version=1, reason="A mistake.")
    [after] = stated(ask(token_of(text)), text)

    assert [dose.lot_number for dose in before.doses] == ["ZQ42", "ZQ43"]
    assert [dose.lot_number for dose in after.doses] == ["ZQ42"]
    assert before.identifier != after.identifier


def test_record_without_a_dose_has_no_file(sharer: Sharer) -> None:
    _, text = sharer.share()
    doses.void_dose(by=make.system(), dose=sharer.dose, version=1, reason="A mistake.")

    assert ask(token_of(text)).json() == {"files": []}


def test_link_shows_its_own_patient_and_nobody_else(sharer: Sharer) -> None:
    other = make_sharer(last_name="Zimmerwald")
    _, text = sharer.share()

    [card] = stated(ask(token_of(text)), text)
    page = typed(token_of(text), **WHO).content.decode()

    assert card.person.family == "Quibblesworth"
    assert "Quibblesworth" in page
    assert "Zimmerwald" not in page
    assert str(other.patient.public_id) not in page


def test_missing_signing_key_opens_nothing_and_counts_nothing(
    sharer: Sharer, settings: Any, tmp_path: Any
) -> None:
    _, text = sharer.share()
    settings.ISSUER = replace(settings.ISSUER, keys="", keys_file=tmp_path / "none.json")

    answer, page = ask(token_of(text)), typed(token_of(text), **WHO)

    assert answer.status_code == 503
    assert page.status_code == 200
    assert "at the moment" in page.content.decode()
    assert ShareLink.objects.get().views == 0


def test_site_that_cannot_sign_or_decrypt_opens_nothing(sharer: Sharer, settings: Any) -> None:
    _, text = sharer.share()
    issuer, keys = settings.ISSUER, settings.CREDENTIAL_KEYS
    [file] = ask(token_of(text), embeddedLengthMax=1).json()["files"]
    path = file["location"].removeprefix("https://vaxpass.example.org")

    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    locked, no_file = ask(token_of(text)), Client().get(path)
    settings.CREDENTIAL_KEYS, settings.ISSUER = keys, replace(issuer, url="")
    nameless = ask(token_of(text))

    assert locked.status_code == no_file.status_code == nameless.status_code == 503
    assert ShareLink.objects.get().views == 1
