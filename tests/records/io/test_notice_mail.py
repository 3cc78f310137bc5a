"""Notices as mail: what stands in them, and a mail server that refuses, dies, hangs or is away."""

import dataclasses
import logging
import socket

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from records.domain import notices
from records.io import notice_mail
from records.management.commands import send_notices
from records.models import Notice, NoticeState
from tests.records import factories as make
from tests.records.domain.test_notices import queue, reachable, recalled
from tests.records.io.smtp_server import Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    """A mail server that runs, and that VaxPass is told to use."""
    with Server() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        yield running


@pytest.fixture
def nobody_listens(settings):
    """A port at which there is no mail server."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = unused.getsockname()
        yield


def queued(*names):
    queue(recalled(*[reachable(name) for name in names]))


def due_again():
    Notice.objects.filter(state=NoticeState.QUEUED).update(next_try_at=timezone.now())


def states():
    return sorted(Notice.objects.values_list("state", "tries"))


def test_mail_says_where_to_look_and_nothing_of_the_patient_or_the_dose():
    patient = make.make_patient(
        first_name="Ximena", last_name="Quispe", email="someone@example.org"
    )
    lot = recalled(
        patient,
        number="FK2210",
        vaccine=make.make_vaccine(short_name="Comirnaty"),
        manufacturer=make.make_manufacturer(name="BioNTech"),
    )
    queue(lot, message="Questions? Call 0800 1234 & ask.")

    call_command("send_notices", once=True)

    [sent] = mail.outbox
    assert sent.to == ["someone@example.org"]
    assert (sent.cc, sent.bcc) == ([], [])
    assert "Questions? Call 0800 1234 & ask." in sent.body
    assert "http://127.0.0.1:8000/passport/" in sent.body
    text = f"{sent.subject}\n{sent.body}\n{sent.extra_headers}"
    told = ("Ximena", "Quispe", "FK2210", "Comirnaty", "BioNTech", "Harbour", "1980")
    for secret in (*told, str(patient.public_id), str(lot.public_id), lot.recall_reason):
        assert secret not in text
    assert "\n" not in sent.subject
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"


def test_site_without_an_address_sends_no_link(settings):
    settings.ISSUER = dataclasses.replace(settings.ISSUER, url="")
    queued("ada")

    call_command("send_notices", once=True)

    assert "http" not in mail.outbox[0].body


def test_every_notice_goes_out_once(server):
    queued("ada", "ben", "eva")

    for _ in range(2):
        call_command("send_notices", once=True)

    assert sorted(each["To"] for each in server.taken) == [
        "ada@example.org",
        "ben@example.org",
        "eva@example.org",
    ]
    assert states() == [("sent", 1)] * 3


def test_mail_server_that_is_away_costs_no_notice_a_try(nobody_listens):
    queued("ada", "ben")

    for _ in range(3):
        with pytest.raises(CommandError, match="nothing is lost"):
            call_command("send_notices", once=True)

    assert states() == [("queued", 0)] * 2


def test_refused_address_waits_and_the_others_go(server):
    queued("ada", "ben", "eva")
    server.refused["ada@example.org"] = 450
    server.refused["ben@example.org"] = 550

    call_command("send_notices", once=True)
    assert [each["To"] for each in server.taken] == ["eva@example.org"]
    assert states() == [("queued", 1), ("queued", 1), ("sent", 1)]

    del server.refused["ada@example.org"]
    for _ in range(notices.MOST_TRIES):
        due_again()
        call_command("send_notices", once=True)
    assert states() == [("failed", notices.MOST_TRIES), ("sent", 1), ("sent", 2)]


def test_server_that_hangs_up_in_the_middle_is_tried_again(server):
    queued("ada")
    server.hangs_up_after_data = True
    call_command("send_notices", once=True)
    assert states() == [("queued", 1)]

    server.hangs_up_after_data = False
    due_again()
    call_command("send_notices", once=True)
    assert states() == [("sent", 2)]


def test_server_that_spins_the_answer_out_is_hung_up_on(server, monkeypatch):
    assert notices.LEASE.total_seconds() > notice_mail.LONGEST
    monkeypatch.setattr(notice_mail, "LONGEST", 0.3)
    queued("ada")
    server.spins_out = True

    call_command("send_notices", once=True)

    assert states() == [("queued", 1)]


def test_mail_that_was_taken_and_could_not_be_noted_is_the_one_that_may_come_twice(
    server, monkeypatch
):
    queued("ada")

    def broken(notice):
        raise OperationalError("gone away")

    with monkeypatch.context() as patch:
        patch.setattr(notice_mail, "note_sent", broken)
        with pytest.raises(CommandError):
            call_command("send_notices", once=True)
    assert states() == [("queued", 1)]
    call_command("send_notices", once=True)
    assert len(server.taken) == 1  # the lease goes on

    due_again()
    call_command("send_notices", once=True)
    assert states() == [("sent", 2)]
    # A mailbox can tell that it is the same one.
    assert len({each["Message-ID"] for each in server.taken}) == 1
    assert len(server.taken) == 2


def test_no_log_names_an_address(server, caplog):
    caplog.set_level(logging.DEBUG)
    queued("ada", "ben")
    server.refused["ada@example.org"] = 550

    call_command("send_notices", once=True)

    assert "was not taken: SMTPRecipientsRefused" in caplog.text
    for secret in ("ada@", "ben@", "example.org", "Example"):
        assert secret not in caplog.text


def test_odd_address_fails_alone(server):
    odd, fine = reachable("odd"), reachable("fine")
    queue(recalled(odd, fine))
    type(odd).objects.filter(pk=odd.pk).update(email="a\nBcc: everybody@example.org")

    call_command("send_notices", once=True)

    assert [each["To"] for each in server.taken] == ["fine@example.org"]
    assert states() == [("queued", 1), ("sent", 1)]


def test_worker_waits_longer_while_the_server_is_away_and_stops_when_told(
    nobody_listens, monkeypatch
):
    queued("ada")
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", pause)
    monkeypatch.setattr(send_notices, "close_old_connections", lambda: None)

    call_command("send_notices")

    assert pauses[0] < pauses[1] < pauses[2]
    assert pauses[-1] == pauses[-2] == 300
    assert states() == [("queued", 0)]


def test_worker_sends_what_is_queued_while_it_runs(monkeypatch):
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt
        queued("ada")

    monkeypatch.setattr("time.sleep", pause)
    # The test's own connection goes on.
    monkeypatch.setattr(send_notices, "close_old_connections", lambda: None)

    call_command("send_notices")

    assert [sent.to for sent in mail.outbox] == [["ada@example.org"]]
    assert pauses == [send_notices.PAUSE] * 2
