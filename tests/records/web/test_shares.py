"""The patient's portal: links that share a record."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.roles import PATIENT
from records.domain import grants
from records.models import AuditEntry, ShareLink
from tests.records import factories as make
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
from tests.records.web.helpers import NOBODY

__all__ = ["sharer", "signs"]


@pytest.fixture
def at_home(client: Client, sharer: Sharer) -> Client:
    client.force_login(sharer.user)
    return client


def path(case: Sharer, tail: str = "shares") -> str:
    return f"/passport/{case.patient.public_id}/{tail}"


def of(link: ShareLink, tail: str = "") -> str:
    return f"/passport/{link.patient.public_id}/shares/{link.public_id}{tail}"


def another(case: Sharer, template: str) -> Client:
    """Return the browser of somebody else who has access to the same record."""
    user = make.make_user(PATIENT.name, name="Holly Holder")
    make.make_grant(user, case.patient, template=template)
    client = Client()
    client.force_login(user)
    return client


def test_passport_leads_to_the_links_of_who_may_share(at_home: Client, sharer: Sharer) -> None:
    assert path(sharer) in at_home.get(path(sharer, "")).content.decode()
    relative = another(sharer, "relative")
    assert path(sharer) not in relative.get(path(sharer, "")).content.decode()


def test_form_makes_a_link_that_is_shown_with_its_code(at_home: Client, sharer: Sharer) -> None:
    typed = {"label": "School", "lasts": "7", "passcode": PASSCODE, "views_allowed": "5"}

    page = at_home.post(path(sharer, "shares/new"), typed, follow=True)

    link = ShareLink.objects.get()
    assert page.request["PATH_INFO"] == of(link)
    assert link.expires_at is not None
    assert abs((link.expires_at - in_days(7)).total_seconds()) < 60
    assert (link.label, link.views_allowed) == ("School", 5)
    shown = page.content.decode()
    assert page.context["text"].startswith("shlink:/")
    assert page.context["text"] in shown
    assert page.context["page"] in shown
    assert "data:image/svg+xml;base64," in shown
    assert PASSCODE not in shown
    assert ask(token_of(page.context["text"]), passcode=PASSCODE).status_code == 200


def test_link_may_work_until_it_is_withdrawn(at_home: Client, sharer: Sharer) -> None:
    at_home.post(path(sharer, "shares/new"), {"lasts": "never"})

    assert ShareLink.objects.get().expires_at is None


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"lasts": "soon"}, {"lasts"}),
        ({"label": "School"}, {"lasts"}),
        ({"lasts": "7", "passcode": "123"}, {"passcode"}),
        ({"lasts": "7", "passcode": "password"}, {"passcode"}),
        ({"lasts": "7", "views_allowed": "0"}, {"views_allowed"}),
        ({"lasts": "7", "views_allowed": "99999"}, {"views_allowed"}),
        ({"lasts": "7", "label": "x" * 81}, {"label"}),
    ],
    ids=str,
)
def test_form_names_what_is_wrong(
    at_home: Client, sharer: Sharer, typed: dict[str, str], fields: set[str]
) -> None:
    page = at_home.post(path(sharer, "shares/new"), typed)

    assert page.status_code == 200
    assert set(page.context["form"].errors) == fields
    assert not ShareLink.objects.exists()


def test_list_tells_state_views_and_who_was_last(at_home: Client, sharer: Sharer) -> None:
    _, text = sharer.share(label="School", views_allowed=5)
    ended, _ = sharer.share(label="Old one")
    ShareLink.objects.filter(pk=ended.pk).update(expires_at=timezone.now())
    ask(token_of(text), recipient="Somebody")
    ask(token_of(text), recipient="<b>Nurse</b>")

    page = at_home.get(path(sharer)).content.decode()

    assert "Opened 2 of 5 times" in page
    assert "&lt;b&gt;Nurse&lt;/b&gt;" in page
    assert "Somebody" not in page
    assert "Expired" in page
    assert page.count("Withdraw<") == 1


def test_list_costs_the_same_for_few_and_many_links(at_home: Client, sharer: Sharer) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert at_home.get(path(sharer)).status_code == 200
        return len(asked)

    sharer.share()
    statements()
    few = statements()
    for _ in range(5):
        sharer.share()

    assert statements() == few


def test_page_of_a_link_lists_who_opened_it(at_home: Client, sharer: Sharer) -> None:
    link, text = sharer.share()
    ask(token_of(text), recipient="Dr Who")

    page = at_home.get(of(link)).content.decode()

    assert "“Dr Who”" in page
    assert text in page


def test_withdrawn_link_is_not_shown_again_and_does_not_work(
    at_home: Client, sharer: Sharer
) -> None:
    link, text = sharer.share()

    answer = at_home.post(of(link, "/revoke"), {"version": "1"}, follow=True)

    assert "It does not work any more" in answer.content.decode()
    assert ask(token_of(text)).status_code == 404
    page = at_home.get(of(link)).content.decode()
    assert text not in page
    assert "Withdrawn" in page


def test_withdrawal_of_another_version_changes_nothing(at_home: Client, sharer: Sharer) -> None:
    link, text = sharer.share()

    for version in ("2", "x", ""):
        answer = at_home.post(of(link, "/revoke"), {"version": version}, follow=True)
        assert "was changed meanwhile" in answer.content.decode()

    assert at_home.get(of(link, "/revoke")).status_code == 405
    assert ask(token_of(text)).status_code == 200


def test_guardian_sees_that_a_link_exists_and_withdraws_it_without_seeing_it(
    sharer: Sharer,
) -> None:
    link, text = sharer.share()
    guardian = another(sharer, "guardian")

    listed = guardian.get(path(sharer)).content.decode()
    shown = guardian.get(of(link)).content.decode()
    guardian.post(of(link, "/revoke"), {"version": "1"})

    assert "School" in listed
    assert "Only the account that made this link sees its address" in shown
    assert token_of(text) not in listed + shown
    assert text not in shown
    assert ask(token_of(text)).status_code == 404


def test_link_whose_maker_lost_access_is_stopped_and_can_be_withdrawn_for_good(
    at_home: Client, sharer: Sharer
) -> None:
    _, text = sharer.share()
    guardian = another(sharer, "guardian")
    grants.revoke_access(by=make.system(), grant=sharer.grant, reason="Asked for it.")

    page = guardian.get(path(sharer)).content.decode()

    assert "its maker may not share the record any more" in page
    assert "Withdraw<" in page

    link = ShareLink.objects.get()
    assert "Withdraw this link" in guardian.get(of(link)).content.decode()
    guardian.post(of(link, "/revoke"), {"version": "1"})
    make.make_grant(sharer.user, sharer.patient)
    assert ask(token_of(text)).status_code == 404


@pytest.mark.parametrize("version", ["", "9" * 5000, "-1", "x"])
def test_withdrawal_of_a_version_that_cannot_be_changes_nothing(
    at_home: Client, sharer: Sharer, version: str
) -> None:
    link, text = sharer.share()

    page = at_home.post(of(link, "/revoke"), {"version": version}, follow=True).content.decode()

    assert "The link was changed meanwhile" in page
    assert ask(token_of(text)).status_code == 200


@pytest.mark.parametrize("template", ["carer", "relative"])
def test_who_may_not_share_gets_no_page_about_it(sharer: Sharer, template: str) -> None:
    link, _ = sharer.share()
    client = another(sharer, template)

    for address in (path(sharer), path(sharer, "shares/new"), of(link)):
        assert client.get(address).status_code == 403
    assert client.post(path(sharer, "shares/new"), {"lasts": "7"}).status_code == 403
    assert client.post(of(link, "/revoke"), {"version": "1"}).status_code == 403
    assert ShareLink.objects.get().revoked_at is None


def test_link_of_another_record_is_as_one_that_is_not_there(
    at_home: Client, sharer: Sharer
) -> None:
    other = make_sharer(last_name="Zimmerwald")
    link, _ = other.share()
    mixed = f"/passport/{sharer.patient.public_id}/shares/{link.public_id}"
    absent = f"/passport/{sharer.patient.public_id}/shares/{NOBODY}"

    assert at_home.get(path(other)).status_code == 404
    assert at_home.get(of(link)).status_code == 404
    assert at_home.get(mixed).status_code == at_home.get(absent).status_code == 404
    assert at_home.post(f"{mixed}/revoke", {"version": "1"}).status_code == 404


def test_making_and_withdrawing_stand_in_the_log_of_the_patient(
    at_home: Client, sharer: Sharer
) -> None:
    at_home.post(path(sharer, "shares/new"), {"lasts": "7"})
    at_home.post(of(ShareLink.objects.get(), "/revoke"), {"version": "1"})

    log = at_home.get(path(sharer, "log")).content.decode()

    assert "Made a link that shares the record" in log
    assert "Withdrew a link that shared the record" in log
    made = AuditEntry.objects.get(action="sharelink.created")
    assert "secret" not in made.fields
