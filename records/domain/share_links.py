"""SMART Health Links of a record: made, shown again and revoked by whoever may share it.

How they are opened is ``records.domain.shared``.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from records import access
from records.codecs import shlink
from records.domain import boxes, unit
from records.domain.patients import why_unproved
from records.models import Patient, ShareLink

SHORTEST_PASSCODE = 6
LONGEST_PASSCODE = 64
MOST_TRIES = 10  # wrong passcodes in a link's whole life
MOST_VIEWS = 10_000
# What the audit says of a link whose maker was not there.
OPENED, FETCHED, REFUSED = "sharelink.opened", "sharelink.fetched", "sharelink.refused"


class State(StrEnum):
    """What has become of a link."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"
    USED_UP = "used-up"
    LOCKED = "locked"


@unit.transactional
def create_share_link(
    *,
    by: Any,
    patient: Patient,
    label: str = "",
    passcode: str = "",
    expires_at: dt.datetime | None,
    views_allowed: int | None = None,
) -> tuple[ShareLink, str]:
    """Return a new link to the patient's current card, and its text.

    Without ``expires_at`` it works until it is revoked, without ``views_allowed`` any number of
    times. Raises ``PermissionDenied`` for a grant that does not share, and ``ValidationError``.
    """
    access.require(by, "share_own_record", patient)
    _need_share(by, patient)
    passcode = fold_passcode(passcode)
    _check(patient, passcode, expires_at, views_allowed)
    token, key = shlink.new_secret(), shlink.new_secret()
    link = ShareLink(
        patient=patient,
        created_by=by,
        label=label.strip(),
        digest=digests(token)[0],
        secret=boxes.seal(f"{token}.{key}".encode()),
        passcode=make_password(passcode) if passcode else "",
        tries_left=MOST_TRIES if passcode else None,
        expires_at=expires_at,
        views_allowed=views_allowed,
    )
    unit.create(link, by=by, event="sharelink.created")
    return link, _text(link)


@unit.transactional
def revoke_share_link(*, by: Any, link: ShareLink, version: int) -> ShareLink:
    """End a link for good, whoever made it, and return its next version.

    Raises ``PermissionDenied`` for a grant that does not share the record.
    """
    access.require(by, "share_own_record", link)
    _need_share(by, link.patient)
    current = unit.lock(link, version=version)
    changes = {} if current.revoked_at else {"revoked_at": timezone.now()}
    return unit.update(current, unit.apply(current, changes), by=by, event="sharelink.revoked")


def link_text(*, by: Any, link: ShareLink) -> str:
    """Return a link again, to whoever made it; raises ``PermissionDenied`` for others."""
    _need_maker(by, link)
    return _text(link)


def link_page(*, by: Any, link: ShareLink) -> str:
    """Return the address at which a browser opens a link; raises as ``link_text``."""
    _need_maker(by, link)
    return url_of(secrets_of(link)[0])


def state_of(link: ShareLink) -> State:
    """Return what has become of a link, whoever made it; see also ``is_backed``."""
    if link.revoked_at is not None:
        return State.REVOKED
    if link.expires_at is not None and link.expires_at <= timezone.now():
        return State.EXPIRED
    if link.tries_left == 0:
        return State.LOCKED
    if link.views_allowed is not None and link.views >= link.views_allowed:
        return State.USED_UP
    return State.ACTIVE


def is_backed(link: ShareLink) -> bool:
    """Tell whether whoever made the link may still share the record, and the record is one.

    A link works by its maker's right: without the grant, the account or the role it is dead.
    """
    patient = link.patient
    return not why_unproved(patient) and access.may_share(link.created_by, patient)


def secrets_of(link: ShareLink) -> tuple[str, str]:
    """Return a link's token and file key."""
    token, _, key = boxes.unseal(bytes(link.secret)).decode().partition(".")
    return token, key


def digests(token: str) -> list[str]:
    """Return the keyed digests of a token, the first by today's key, the rest by earlier ones."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [
        salted_hmac("records.share_link", token, secret=key, algorithm="sha256").hexdigest()
        for key in keys
    ]


def fold_passcode(text: str) -> str:
    """Return what all ways to type one passcode share: no outer blanks, one form of letters."""
    return unicodedata.normalize("NFKC", text).strip()


def url_of(token: str) -> str:
    """Return the address of a link's manifest, and of its page."""
    return f"{settings.ISSUER.url}/s/{token}"


def _text(link: ShareLink) -> str:
    token, key = secrets_of(link)
    return shlink.text_of(
        url_of(token),
        key,
        label=link.label,
        expires_at=link.expires_at,
        has_passcode=bool(link.passcode),
    )


def _need_maker(by: Any, link: ShareLink) -> None:
    access.require(by, "share_own_record", link)
    if link.created_by_id != by.pk:
        raise PermissionDenied(_("Only who made a link sees it again."))
    _need_share(by, link.patient)


def _need_share(by: Any, patient: Patient) -> None:
    if not access.may_share(by, patient):
        raise PermissionDenied(_("This grant does not share the record."))


def _check(
    patient: Patient, passcode: str, expires_at: dt.datetime | None, views_allowed: int | None
) -> None:
    """Raise one ``ValidationError`` for all that speaks against a link."""
    errors: dict[str, Any] = {}
    if not settings.ISSUER.url or len(url_of("x" * 43)) > shlink.LONGEST_URL:
        errors["patient"] = _("This site has no address, or too long a one, for links.")
    elif why := why_unproved(patient):
        errors["patient"] = why
    if passcode and (problem := _passcode_problem(passcode)):
        errors["passcode"] = problem
    if expires_at is not None and expires_at <= timezone.now():
        errors["expires_at"] = _("A moment in the future.")
    if views_allowed is not None and not 1 <= views_allowed <= MOST_VIEWS:
        errors["views_allowed"] = _("Between 1 and %(most_views)s, or empty for any number.") % {
            "most_views": MOST_VIEWS
        }
    if errors:
        raise ValidationError(errors)


def _passcode_problem(passcode: str) -> str:
    """Return what is wrong with a passcode; ten tries must not find it."""
    if not SHORTEST_PASSCODE <= len(passcode) <= LONGEST_PASSCODE:
        return _("Between %(least)s and %(most)s characters.") % {
            "least": SHORTEST_PASSCODE,
            "most": LONGEST_PASSCODE,
        }
    try:
        CommonPasswordValidator().validate(passcode)
    except ValidationError:
        return _("This one is among the first that anybody would try.")
    return ""
