"""A shared record as people open it, who have nothing but the link, and what stays of it."""

from typing import Any

from django.test import Client

from records.domain import share_links
from records.domain.access_log import who_looked
from records.models import AuditEntry, ShareLink, ShareView
from records.web.log_words import who_words
from tests.records.domain.operations import everything
from tests.records.sharing import (
    PASSCODE,
    Sharer,
    ask,
    in_days,
    make_sharer,
    payload_of,
    sharer,
    signs,
    token_of,
    typed,
)
from vaxpass.ops.logs import JsonFormatter

__all__ = ["sharer", "signs"]

WHO = {"recipient": "Dr Who"}


def test_person_says_who_they_are_and_sees_the_record(sharer: Sharer) -> None:
    _, text = sharer.share(passcode=PASSCODE)
    client = Client(enforce_csrf_checks=True)

    form = client.get(f"/s/{token_of(text)}").content.decode()
    page = typed(token_of(text), client, passcode=PASSCODE, **WHO)

    assert "Quibblesworth" not in form
    assert "School" not in form
    shown = page.content.decode()
    assert "Quibblesworth" in shown
    assert "ZQ42" in shown
    assert "data:image/svg+xml;base64," in shown
    assert ShareView.objects.get().recipient == "Dr Who"
    assert ShareLink.objects.get().views == 1


def test_page_asks_for_a_name_and_for_the_right_passcode(sharer: Sharer) -> None:
    _, text = sharer.share(passcode=PASSCODE)

    nameless = typed(token_of(text), passcode=PASSCODE).content.decode()
    wrong = typed(token_of(text), passcode="no heron", **WHO).content.decode()

    assert "This field is required" in nameless
    assert "9 tries are left" in wrong
    assert "no heron" not in wrong
    assert "Quibblesworth" not in nameless + wrong
    assert ShareLink.objects.get().views == 0


def test_page_passes_its_address_on_to_nobody(sharer: Sharer) -> None:
    _, text = sharer.share()
    token = token_of(text)

    form, page, gone = (
        Client().get(f"/s/{token}"),
        typed(token, **WHO),
        Client().get("/s/no-such-token"),
    )
    elsewhere, refused = Client().get(f"/s/{token}/"), Client().put(f"/s/{token}")

    for response in (elsewhere, refused):
        assert response.status_code in (404, 405)
        assert response["Referrer-Policy"] == "no-referrer"
    for response in (form, page, gone):
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        assert "no-store" in response["Cache-Control"]
        assert not response.cookies
    assert token not in form.content.decode()
    assert token not in page.content.decode()
    assert 'href="http' not in page.content.decode()


def test_account_of_who_opens_a_link_does_not_matter(sharer: Sharer) -> None:
    _, text = sharer.share(passcode=PASSCODE)
    client = Client()
    client.force_login(make_sharer(last_name="Zimmerwald").user)

    page = typed(token_of(text), client, passcode="no heron", **WHO)

    assert "Quibblesworth" not in page.content.decode()
    assert AuditEntry.objects.filter(action="sharelink.refused").get().actor == sharer.user


def actions(response: Any) -> list[str]:
    entries = AuditEntry.objects.filter(request_id=response["X-Request-ID"])
    assert {entry.channel for entry in entries} <= {"link"}
    return sorted(entries.values_list("action", flat=True))


def test_every_opening_leaves_one_entry_that_the_patient_reads(sharer: Sharer) -> None:
    _, text = sharer.share(passcode=PASSCODE)
    token = token_of(text)
    first = ask(token, passcode=PASSCODE)
    opened = ask(token, passcode=PASSCODE, embeddedLengthMax=1)
    path = opened.json()["files"][0]["location"].removeprefix("https://vaxpass.example.org")

    assert actions(first) == ["credential.issued", "sharelink.opened"]
    assert actions(opened) == ["sharelink.opened"]
    assert actions(typed(token, passcode=PASSCODE, recipient="Nurse")) == ["sharelink.opened"]
    assert actions(ask(token, passcode="wrong one")) == ["sharelink.refused"]
    assert actions(Client().get(path)) == ["sharelink.fetched"]

    client = Client()
    client.force_login(sharer.user)
    log = client.get(f"/passport/{sharer.patient.public_id}/log").content.decode()
    assert "Opened the link “School”" in log
    assert "“Dr Who”" in log
    assert "“Nurse”" in log
    assert "Typed a wrong passcode for the link “School”" in log
    assert "Downloaded the file behind the link “School”" in log
    assert "with a shared link" in log


def test_card_made_for_who_opens_a_link_is_not_called_an_act_of_the_maker(sharer: Sharer) -> None:
    _, text = sharer.share()
    ask(token_of(text))

    looks = {look.action: look for look in who_looked(by=sharer.user, patient=sharer.patient)}

    assert who_words(looks["credential.issued"]) == "Somebody who has the link"
    assert who_words(looks["sharelink.opened"]) == "“Dr Who”"
    assert who_words(looks["sharelink.created"]) == "You"


def test_log_of_requests_names_no_token(sharer: Sharer, caplog: Any) -> None:
    link, text = sharer.share()
    token = token_of(text)
    client = Client(raise_request_exception=False)
    with caplog.at_level("DEBUG"):
        ask(token, client)
        share_links.revoke_share_link(by=sharer.user, link=link, version=1)
        ask(token, client)
        client.get(f"/s/{token}")
        client.put(f"/s/{token}")
        client.get(f"/s/{token}/x")
    formatter = JsonFormatter()
    lines = [formatter.format(record) for record in caplog.records]

    assert any('"status": 404' in line for line in lines)
    assert not [line for line in lines if token in line or "Quibblesworth" in line]


def test_database_holds_neither_token_nor_key_nor_passcode(sharer: Sharer) -> None:
    _, text = sharer.share(passcode=PASSCODE)
    ask(token_of(text), passcode=PASSCODE)

    stored = repr(everything())
    for secret in (token_of(text), payload_of(text)["key"], PASSCODE, text):
        assert secret not in stored


def test_link_outlives_a_change_of_the_secret_key(sharer: Sharer, settings: Any) -> None:
    _, text = sharer.share()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key that is as long as it needs to be, says Django"

    assert ask(token_of(text)).status_code == 200


def test_link_expires_on_its_own(sharer: Sharer) -> None:
    link, text = sharer.share(expires_at=in_days(1))

    assert link.expires_at is not None
    assert abs(payload_of(text)["exp"] - link.expires_at.timestamp()) < 1
