"""Notices as mail: what they say, and how they are handed to the mail server."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.utils import DNS_NAME
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from records.domain.notices import LEASE, Letter, claim_notice, note_failed, note_sent

LONGEST = LEASE.total_seconds() / 4
"""Seconds for one mail; each single answer of the server has ``EMAIL_TIMEOUT``."""

logger = logging.getLogger(__name__)


def send_due() -> int:
    """Send the notices that are due, one after the other, and return how many were sent.

    The mail server is called before a notice is claimed: while it is away, no notice loses a
    try. Raises ``OSError`` when it does not answer.
    """
    connection = get_connection()
    connection.open()
    try:
        sent = 0
        while letter := claim_notice():
            if _send(letter, connection):
                sent += 1
            else:  # whatever was left half said
                _close(connection)
                connection.open()
        return sent
    finally:
        _close(connection)


def mail_of(letter: Letter) -> EmailMessage:
    """Return a notice as mail: no name, and nothing of what was given."""
    # What the passport's page is called, from the address by which the site is known outside.
    site = settings.ISSUER.url and f"{settings.ISSUER.url}{reverse('passport:index')}"
    # The same at every try, so that a mailbox can tell a repeated one.
    name = uuid5(NAMESPACE_URL, f"{settings.ISSUER.url}/notices/{letter.notice.pk}")
    with translation.override(letter.language or settings.LANGUAGE_CODE):
        subject = render_to_string("notices/recall_subject.txt").strip()
        body = render_to_string("notices/recall.txt", {"message": letter.message, "site": site})
    return EmailMessage(
        subject=subject,
        body=body,
        to=[letter.address],
        headers={"Message-ID": f"<{name}@{DNS_NAME}>", "Auto-Submitted": "auto-generated"},
    )


def _send(letter: Letter, connection: Any) -> bool:
    """Hand one notice over and note how that went; the row outlives whatever goes wrong."""
    try:
        with _cut_short(connection):
            connection.send_messages([mail_of(letter)])
    except (OSError, ValueError) as error:  # smtplib's are OSErrors; an odd address is no value
        # Not the text of the error: it quotes the address.
        logger.warning("notice %s was not taken: %s", letter.notice.pk, type(error).__name__)
        note_failed(letter.notice)
        return False
    note_sent(letter.notice)
    return True


@contextmanager
def _cut_short(connection: Any) -> Iterator[None]:
    """Hang up when the server takes longer than ``LONGEST``, however it spins the time out."""
    timer = threading.Timer(LONGEST, _hang_up, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: Any) -> None:
    client = getattr(connection, "connection", None)  # only SMTP has one
    if client is not None and client.sock is not None:
        client.sock.shutdown(socket.SHUT_RDWR)


def _close(connection: Any) -> None:
    try:
        connection.close()
    except OSError:
        logger.info("the mail server had hung up")
