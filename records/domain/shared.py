"""A shared record, opened by somebody who has the link: no account, and no trust in what they say.

Links that are unknown, revoked, expired, used up or locked, and those whose maker may not share
the record any more, answer alike (``LinkInactive``). Counters are conditional updates of the
link's row, so that requests at the same moment cannot get past them; they are no change of the
link and make no version of it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import check_password
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from records import access
from records.codecs import shc, shlink
from records.domain import boxes, credentials, unit
from records.domain.context import read_patients
from records.domain.passports import PassportDose, read_passport
from records.domain.share_links import (
    FETCHED,
    LONGEST_PASSCODE,
    OPENED,
    REFUSED,
    State,
    digests,
    fold_passcode,
    is_backed,
    secrets_of,
    state_of,
    url_of,
)
from records.models import CredentialFormat, ShareLink, ShareView

LONGEST_RECIPIENT = 200
FILE_LIVES = timedelta(minutes=15)  # an hour at most (SMART Health Links, manifest)


class LinkInactive(Exception):
    """There is no such link, or none that works any more: nobody learns which."""


class Unavailable(Exception):
    """Nothing can be signed or decrypted at the moment: a key is missing."""


class WrongPasscode(Exception):
    """The passcode is missing or wrong; ``remaining`` wrong ones are left in the link's life."""

    def __init__(self, remaining: int) -> None:
        """Keep how many are left."""
        self.remaining = remaining
        super().__init__("The passcode is wrong.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that was opened, counted and audited, and the patient's current cards, as JWS."""

    link: ShareLink
    token: str
    key: str
    cards: list[str]

    def doses(self) -> list[PassportDose]:
        """Return the completed doses, newest first; raises ``LinkInactive``."""
        with _by_right_of_the_maker():
            return read_passport(by=self.link.created_by, patient=self.link.patient)


def find_link(token: str) -> ShareLink:
    """Return the link of a token, that works now; raises ``LinkInactive``."""
    link = _known(token)
    if state_of(link) != State.ACTIVE:
        raise LinkInactive
    return link


def open_link(*, token: str, recipient: str, passcode: str = "") -> Opened:
    """Open a link for ``recipient``, who says so, and leave what the patient sees of it.

    A wrong passcode is counted for good before anybody knows that it is wrong, so the transaction
    is inside. Raises ``LinkInactive``, ``WrongPasscode``, and ``Unavailable`` where the cards
    cannot be made now: that is no view.
    """
    link = find_link(token)
    if link.passcode:
        _need_passcode(link, fold_passcode(passcode))
    # First: what cannot be signed or encrypted is no view.
    opened = Opened(link, *_secrets(link), _cards(link))
    _count_view(link, fold_recipient(recipient)[:LONGEST_RECIPIENT])
    return opened


def fold_recipient(text: str) -> str:
    """Return a name as the patient will read it: nothing in it hides, turns or breaks the line."""
    text = unicodedata.normalize("NFC", text)
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def encrypted_file(opened: Opened) -> str:
    """Return the file of cards that a link leads to, encrypted with the link's key."""
    return _encrypted(opened.cards, opened.key)


def file_url(opened: Opened) -> str:
    """Return an address of the encrypted file; it lives for ``FILE_LIVES``."""
    return f"{url_of(opened.token)}/file/{_signer(opened.link).sign('file')}"


def fetch_file(*, token: str, signed: str) -> str:
    """Return the encrypted file at an address of ``file_url``.

    It is part of an opening that was counted, also of the last one allowed. Raises
    ``LinkInactive`` and ``Unavailable``.
    """
    link = _known(token)
    if state_of(link) not in (State.ACTIVE, State.USED_UP):
        raise LinkInactive
    try:
        _signer(link).unsign(signed, max_age=FILE_LIVES)
    except signing.BadSignature as error:
        raise LinkInactive from error
    cards = _cards(link)
    if not cards:
        raise LinkInactive
    _, key = _secrets(link)
    unit.entry_of(link, by=link.created_by, action=FETCHED, fields=[]).save()
    return _encrypted(cards, key)


def _known(token: str) -> ShareLink:
    """Return the link of a token, if its maker may still share the record."""
    links = ShareLink.objects.select_related("patient", "created_by")
    link = links.filter(digest__in=digests(token)).first()
    if link is None or not is_backed(link):
        raise LinkInactive
    return link


def _need_passcode(link: ShareLink, passcode: str) -> None:
    """Compare a passcode, once one of the link's tries is taken for it.

    A right one gives its try back. What is compared at any moment, and what was wrong, together
    never exceed the tries of the link; a process that dies meanwhile leaves one fewer.
    """
    row = ShareLink.objects.filter(pk=link.pk)
    if not 0 < len(passcode) <= LONGEST_PASSCODE:  # nothing is compared
        raise WrongPasscode(link.tries_left or 0)
    with transaction.atomic(durable=True):
        if not row.filter(tries_left__gt=0).update(tries_left=F("tries_left") - 1):
            raise LinkInactive
    if check_password(passcode, link.passcode):
        row.update(tries_left=F("tries_left") + 1)
        return
    unit.entry_of(link, by=link.created_by, action=REFUSED, fields=[]).save()
    raise WrongPasscode(row.values_list("tries_left", flat=True)[0] or 0)


@unit.transactional
def _count_view(link: ShareLink, recipient: str) -> None:
    """Count an opening and leave its traces, unless the link is over by now."""
    now = timezone.now()
    usable = ShareLink.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now),
        Q(views_allowed__isnull=True) | Q(views__lt=F("views_allowed")),
        pk=link.pk,
        revoked_at__isnull=True,
    )
    if not usable.update(views=F("views") + 1):
        raise LinkInactive
    ShareView.objects.create(link=link, at=now, recipient=recipient)
    entry = unit.entry_of(link, by=link.created_by, action=OPENED, fields=[])
    entry.at = now  # by which the log finds who it was
    entry.save()


def _cards(link: ShareLink) -> list[str]:
    """Return the patient's current cards, made for and by the right of the link's maker."""
    noted = read_patients.get()
    if noted is not None:
        noted.add(link.patient_id)  # the entry of the link says it all
    maker = link.created_by
    with _by_right_of_the_maker():
        issued = credentials.issue_credentials(
            by=maker, patient=link.patient, format=CredentialFormat.SHC
        )
        return [credentials.as_issued(by=maker, credential=card) for card in issued]


@contextmanager
def _by_right_of_the_maker() -> Iterator[None]:
    """Answer as for a dead link where the right, or the proof of the record, went just now."""
    try:
        yield
    except (access.OutOfSight, PermissionDenied) as error:
        raise LinkInactive from error
    except ValidationError as error:
        raise (Unavailable if "format" in error.message_dict else LinkInactive) from error


def _secrets(link: ShareLink) -> tuple[str, str]:
    try:
        return secrets_of(link)
    except boxes.BoxLocked as error:
        raise Unavailable from error


def _encrypted(cards: list[str], key: str) -> str:
    return shlink.encrypt(shc.file(cards), key, shlink.CARD_FILE)


def _signer(link: ShareLink) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"records.share_file.{link.digest}")
