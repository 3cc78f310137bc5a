"""People who claim a record, rightly or not."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from accounts.roles import PATIENT
from records.codecs.claim_codes import new_code
from records.domain import claims, merges
from records.models import ClaimCode
from tests.records import factories as make

BORN = dt.date(1980, 5, 17)
WRONG = dt.date(1980, 5, 18)


def years_ago(years, days=0):
    today = timezone.localdate()
    return dt.date(today.year - years, today.month, min(today.day, 28)) - dt.timedelta(days=days)


def claim(person, code, born=BORN):
    return claims.claim_record(by=person, code=code, date_of_birth=born)


def spoil(name, issue, person, volunteer, clinic, patient):
    """Return code and birth date of a claim that fails for this one reason."""
    _, text = issue()
    code = ClaimCode.objects.get()
    if name == "unknown":
        return new_code(), BORN
    if name == "no code at all":
        return "what is this", BORN
    if name == "wrong birth date":
        return text, WRONG
    if name == "no birth date":
        return text, None
    if name == "used":
        claim(make.make_user(PATIENT.name), text)
    if name == "revoked":
        issue()
    if name == "expired":
        ClaimCode.objects.filter(pk=code.pk).update(expires_at=timezone.now())
    if name == "dead":
        ClaimCode.objects.filter(pk=code.pk).update(tries=claims.MOST_TRIES)
    if name == "access over":
        ClaimCode.objects.filter(pk=code.pk).update(access_until=timezone.now())
    if name == "merged away":
        merges.merge_patients(
            by=make.system(),
            survivor=make.make_patient(),
            duplicate=patient,
            version=patient.version,
            reason="Same person",
        )
    if name == "own":
        ClaimCode.objects.filter(pk=code.pk).update(issued_by=person)
    return text, BORN


REASONS = (
    "unknown",
    "no code at all",
    "wrong birth date",
    "no birth date",
    "used",
    "revoked",
    "expired",
    "dead",
    "access over",
    "merged away",
    "own",
)
