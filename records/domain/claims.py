"""Claim codes: a clinic hands one out, a person turns it into access to a record.

A code opens nothing by itself: whoever enters it has to know the patient's birth date and be
signed in. Whatever is wrong, the answer is the same, and every try is counted and audited.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import FilteredRelation, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from records import access
from records.codecs.claim_codes import new_code, read_code
from records.domain import unit
from records.domain.account_log import log_account
from records.domain.ages import age_in_months
from records.domain.errors import ClaimRefused, TooManyAttempts
from records.domain.limits import Limit, forgive, is_news, spend
from records.domain.patients import need_other_hands, need_reason
from records.models import (
    RIGHTS,
    ClaimCode,
    Clinic,
    GrantTemplate,
    Patient,
    PatientGrant,
)

VALID_FOR = dt.timedelta(days=30)
MOST_TRIES = 5  # wrong birth dates until a code is dead
BY_USER = Limit("claim.user", 10, dt.timedelta(days=1))
BY_NETWORK = Limit("claim.network", 100, dt.timedelta(days=1))
MAY_END = frozenset({GrantTemplate.CARER, GrantTemplate.RELATIVE})


@unit.transactional
def issue_claim_code(
    *,
    by: Any,
    patient: Patient,
    clinic: Clinic,
    template: str = GrantTemplate.SELF,
    last_day: dt.date | None = None,
) -> tuple[ClaimCode, str]:
    """Return a new claim code and its text, which is kept nowhere and shown this once.

    Earlier codes of the same template are revoked. ``last_day`` ends the access of a carer or
    relative. Raises ``ValidationError`` before a clinic has confirmed the patient's identity, for
    the guardian of a patient of age, and for a last day that is past or cannot be.
    """
    access.require(by, "add_claimcode", patient, at=clinic)
    need_other_hands(by, patient)
    current = unit.lock(patient)
    _check_issue(current, clinic, template, last_day)
    for earlier in open_codes(current).filter(template=template):
        _revoke(earlier, by=by)
    text = new_code()
    code = ClaimCode(
        patient=current,
        template=template,
        digest=_digests(text)[0],
        clinic=clinic,
        issued_by=by,
        expires_at=timezone.now() + VALID_FOR,
        access_until=_end_of(last_day, clinic) if last_day else None,
    )
    return unit.create(code, by=by, event="claimcode.issued"), text


@unit.transactional
def pass_to_patient(
    *, by: Any, patient: Patient, clinic: Clinic, reason: str
) -> tuple[ClaimCode, str]:
    """Let a grown-up patient take over: guardians lose access, the patient gets a claim code.

    Returns the code and its text as ``issue_claim_code`` does. Raises ``ValidationError`` for a
    patient who is not of age yet.
    """
    access.require(by, "add_claimcode", patient, at=clinic)
    need_reason(reason)
    current = unit.lock(patient)
    if not is_of_age(current, clinic.today()):
        raise ValidationError({"patient": _("The patient is not of age yet.")})
    for grant in PatientGrant.objects.filter(patient=current, template=GrantTemplate.GUARDIAN):
        unit.remove(unit.lock(grant), by=by, event="patientgrant.revoked", reason=reason)
    for code in open_codes(current).filter(template=GrantTemplate.GUARDIAN):
        _revoke(code, by=by, reason=reason)
    return issue_claim_code(by=by, patient=current, clinic=clinic)


def claim_record(
    *, by: Any, code: str, date_of_birth: dt.date | None, network: str = ""
) -> PatientGrant:
    """Turn a code and the patient's birth date into a grant of ``by`` and return the grant.

    ``network`` is where the request came from. Raises ``ClaimRefused`` whatever is wrong, and
    ``TooManyAttempts`` before the code is looked at. What a refusal leaves behind (the count, the
    audit) stays, so the transaction is inside.
    """
    access.require(by, "claim_record")
    try:
        spend(limit=BY_USER, subject=str(by.pk))
        if network:
            spend(limit=BY_NETWORK, subject=network)
    except TooManyAttempts:
        if is_news(limit=BY_USER, subject=str(by.pk)):
            log_account(by=by, user=by, action="claim.limited", fields=[])
        raise
    grant = unit.transactional(_redeem)(by=by, code=code, date_of_birth=date_of_birth)
    if grant is None:
        raise ClaimRefused
    return grant


class PortalAccess(NamedTuple):
    """How many accounts have access, by template, and what codes could still be claimed."""

    held: dict[str, int]
    codes: list[tuple[str, dt.datetime]]


def portal_access(*, by: Any, patient: Patient) -> PortalAccess:
    """Return how many accounts have access now, and the template and end of each open code.

    A clinic learns no more. Raises ``PermissionDenied`` without the role and ``OutOfSight`` for a
    patient out of sight.
    """
    access.require(by, "view_claimcode")
    rows = (
        access.at_work(by, Patient)
        .filter(pk=patient.pk)
        .annotate(
            held=FilteredRelation("grants", condition=access.still_holds("grants__")),
            open=FilteredRelation("claim_codes", condition=_is_open("claim_codes__")),
        )
        .order_by("held__pk", "open__pk")
        .values_list("held__pk", "held__template", "open__pk", "open__template", "open__expires_at")
    )
    found = list(rows)
    if not found:
        raise access.OutOfSight("Patient not found.")
    held = {key: template for key, template, *_ in found if key is not None}
    codes = {key: (template, end) for *_, key, template, end in found if key is not None}
    return PortalAccess(dict(Counter(held.values())), list(codes.values()))


def open_codes(patient: Patient) -> QuerySet[ClaimCode]:
    """Return the codes of a patient that could still be claimed."""
    return ClaimCode.objects.filter(_is_open(), patient=patient)


def _is_open(path: str = "") -> Q:
    wanted: dict[str, Any] = {"used_at__isnull": True, "revoked_at__isnull": True}
    wanted |= {"tries__lt": MOST_TRIES, "expires_at__gt": timezone.now()}
    return Q(**{f"{path}{name}": value for name, value in wanted.items()})


def holder_of(code: str) -> Patient | None:
    """Return whose record a code could still be claimed for; whoever asks has counted the try."""
    found = ClaimCode.objects.filter(digest__in=_digests(code)).select_related("patient").first()
    if found is None or not open_codes(found.patient).filter(pk=found.pk).exists():
        return None
    return found.patient


def is_of_age(patient: Patient, day: dt.date) -> bool:
    """Tell whether a patient has reached ``settings.AGE_OF_MAJORITY`` on a day."""
    return age_in_months(patient.date_of_birth, day) >= 12 * settings.AGE_OF_MAJORITY


def _check_issue(patient: Patient, clinic: Clinic, template: str, last_day: dt.date | None) -> None:
    """Raise one ``ValidationError`` for all that speaks against a code."""
    errors: dict[str, str] = {}
    today = clinic.today()
    if patient.merged_into_id is not None:
        errors["patient"] = _("This record was merged into another one.")
    elif patient.identity_confirmed_on is None:
        errors["patient"] = _("Confirm the patient's identity first.")
    if template == GrantTemplate.GUARDIAN and is_of_age(patient, today):
        errors["template"] = _("The patient is of age and has no guardian here.")
    if last_day is not None and template not in MAY_END:
        errors["last_day"] = _("Only the access of a carer or relative ends by itself.")
    elif last_day is not None and last_day < today:
        errors["last_day"] = _("This day is past.")
    if errors:
        raise ValidationError(errors)


def _redeem(*, by: Any, code: str, date_of_birth: dt.date | None) -> PatientGrant | None:
    """Return the grant, or ``None`` after noting the refusal; both are committed."""
    found = ClaimCode.objects.filter(digest__in=_digests(read_code(code))).first()
    if found is None:
        log_account(by=by, user=by, action="claim.refused", fields=[])
        return None
    # The patient first, as everywhere else, so that nobody waits in a circle.
    patient = unit.lock(Patient(pk=found.patient_id))
    current = unit.lock(found)
    usable = _is_usable(current, patient, by)
    if usable and patient.date_of_birth == date_of_birth:
        return _grant(current, patient, by=by)
    if usable:
        fields = unit.apply(current, {"tries": current.tries + 1})
        unit.update(current, fields, by=by, event="claim.refused")
    else:
        _note(current, by=by, action="claim.refused")
    return None


def _is_usable(code: ClaimCode, patient: Patient, by: Any) -> bool:
    """Tell whether the code is good, and good for ``by``; nobody claims what they handed out."""
    today = code.clinic.today() if code.clinic else timezone.localdate()
    grown_up = code.template == GrantTemplate.GUARDIAN and is_of_age(patient, today)
    return (
        open_codes(patient).filter(pk=code.pk).exists()
        and patient.merged_into_id is None
        and patient.identity_confirmed_on is not None
        and code.issued_by_id != by.pk
        and not grown_up
        and (code.access_until is None or code.access_until > timezone.now())
    )


def _grant(code: ClaimCode, patient: Patient, *, by: Any) -> PatientGrant:
    """Use the code up; a grant that allows as much already stays, and so does the code."""
    values = {
        "template": code.template,
        "expires_at": code.access_until,
        "granted_by": code.issued_by,
    }
    held = PatientGrant.objects.filter(user=by, patient=patient).first()
    if held is not None and _allows_as_much(held, code):
        _note(code, by=by, action="claim.repeated")
        return held
    fields = unit.apply(code, {"used_at": timezone.now(), "used_by": by})
    unit.update(code, fields, by=by, event="claimcode.used")
    # Only for a code that is gone: one that stays would give back tries without end.
    forgive(limit=BY_USER, subject=str(by.pk))
    if held is None:
        grant = PatientGrant(user=by, patient=patient, **values)
        return unit.create(grant, by=by, event="patientgrant.claimed")
    held = unit.lock(held)
    return unit.update(held, unit.apply(held, values), by=by, event="patientgrant.claimed")


def _allows_as_much(held: PatientGrant, code: ClaimCode) -> bool:
    rights = set(RIGHTS[code.template]) <= set(RIGHTS[held.template])
    if held.expires_at is None:
        return rights
    return rights and code.access_until is not None and code.access_until <= held.expires_at


def _revoke(code: ClaimCode, *, by: Any, reason: str = "") -> None:
    current = unit.lock(code)
    fields = unit.apply(current, {"revoked_at": timezone.now()})
    unit.update(current, fields, by=by, event="claimcode.revoked", reason=reason)


def _note(code: ClaimCode, *, by: Any, action: str) -> None:
    """Leave an audit entry that names the patient where nothing else is written."""
    unit.entry_of(code, by=by, action=action, fields=[]).save()


def _digests(text: str) -> list[str]:
    """Return the keyed digests of a code, the first by today's key, the rest by earlier ones."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [
        salted_hmac("records.claim", text, secret=key, algorithm="sha256").hexdigest()
        for key in keys
    ]


def _end_of(day: dt.date, clinic: Clinic) -> dt.datetime:
    """Return the last second of a day at a clinic."""
    return dt.datetime.combine(day, dt.time(23, 59, 59), ZoneInfo(clinic.time_zone))
