"""One valid record per call, made by the domain functions as VaxPass itself.

What is not given is made: ``make_dose()`` alone yields a patient, a lot, a clinic and a volunteer
who works there. Groups come from ``sync_roles`` when the first user of a test is made.
"""

from __future__ import annotations

import datetime as dt
import itertools
import time
from io import StringIO
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import second_factor
from accounts.roles import DBA, VOLUNTEER
from records.domain import doses, grants, lots, patients, reference, volunteers
from records.models import (
    Assignment,
    ClaimCode,
    Clinic,
    Dose,
    GrantTemplate,
    Lot,
    Manufacturer,
    Patient,
    PatientGrant,
    Vaccine,
    Volunteer,
)

COVID_19 = "840539006"
_numbers = itertools.count(1)


def days_ago(days: int) -> dt.date:
    """Return a day before today in UTC, which is the time zone of every clinic made here."""
    return timezone.localdate() - dt.timedelta(days=days)


def ensure_roles() -> None:
    """Make the groups of ``accounts.roles`` unless they are there."""
    if not Group.objects.filter(name=DBA.name).exists():
        call_command("sync_roles", stdout=StringIO())


def system() -> Any:
    """Return VaxPass itself, who may write everything under records."""
    ensure_roles()
    return get_user_model().objects.system()


def make_user(role: str | None = None, **fields: Any) -> Any:
    """Return a person in the group of this name (``accounts.roles``), or in none."""
    ensure_roles()
    email = fields.pop("email", f"person{next(_numbers)}@example.org")
    user = get_user_model().objects.create_user(email, **fields)
    if role is not None:
        user.groups.add(Group.objects.get(name=role))
    if second_factor.is_required(user):
        add_totp(user)
    return user


def add_totp(user: Any) -> Authenticator:
    """Give an account an authenticator app, as one that has enrolled has."""
    secret = get_adapter().encrypt(generate_totp_secret())
    data = {"secret": secret}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)


def pass_second_factor(client: Client, user: Any) -> None:
    """Let a session count as signed in with a second factor; one is made unless there is one."""
    factor = Authenticator.objects.filter(user=user).first() or add_totp(user)
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": factor.type, "id": factor.pk, "at": time.time()}
    ]
    session.save()


def make_clinic(**fields: Any) -> Clinic:
    """Return a clinic of its own code."""
    number = next(_numbers)
    return reference.add_clinic(
        by=system(), **{"code": f"C{number}", "name": f"Clinic {number}", **fields}
    )


def make_manufacturer(**fields: Any) -> Manufacturer:
    """Return a manufacturer of its own MVX code."""
    number = next(_numbers)
    defaults = {"mvx_code": f"M{number}", "name": f"Manufacturer {number}"}
    return reference.add_manufacturer(by=system(), **{**defaults, **fields})


def make_vaccine(**fields: Any) -> Vaccine:
    """Return a vaccine of its own CVX code; against COVID-19 unless ``diseases`` are given."""
    number = next(_numbers)
    defaults = {"cvx_code": f"V{number}", "short_name": f"Vaccine {number}"}
    return reference.add_vaccine(by=system(), **{**defaults, "diseases": [COVID_19], **fields})


def make_lot(**fields: Any) -> Lot:
    """Return a lot of its own number."""
    return lots.receive_lot(
        by=system(),
        manufacturer=fields.pop("manufacturer", None) or make_manufacturer(),
        vaccine=fields.pop("vaccine", None) or make_vaccine(),
        number=fields.pop("number", None) or f"LOT{next(_numbers)}",
        **fields,
    )


def make_patient(**fields: Any) -> Patient:
    """Return a patient born in 1980 whose identity is confirmed, enrolled today at ``clinic``."""
    defaults = {
        "identity_confirmed": True,
        "first_name": "Ada",
        "last_name": f"Example{next(_numbers)}",
        "date_of_birth": dt.date(1980, 5, 17),
    }
    return patients.register_patient(by=system(), **{**defaults, **fields})


def make_volunteer(*clinics: Clinic, **fields: Any) -> Volunteer:
    """Return a volunteer who has worked at these clinics for ten years."""
    number = next(_numbers)
    defaults = {"code": f"B{number}", "first_name": "Vera", "last_name": f"Volunteer{number}"}
    volunteer = volunteers.add_volunteer(by=system(), **{**defaults, **fields})
    for clinic in clinics:
        make_assignment(volunteer, clinic)
    return volunteer


def make_assignment(volunteer: Volunteer, clinic: Clinic, **fields: Any) -> Assignment:
    """Return an assignment that began ten years ago and is open."""
    starts_on = fields.pop("starts_on", days_ago(3650))
    return volunteers.assign_volunteer(
        by=system(), volunteer=volunteer, clinic=clinic, starts_on=starts_on, **fields
    )


def make_volunteer_user(*clinics: Clinic) -> Any:
    """Return an account of the Volunteer group whose volunteer works at these clinics."""
    user = make_user(VOLUNTEER.name)
    make_volunteer(*clinics, user=user)
    return user


def make_dose(**fields: Any) -> Dose:
    """Return a dose given here, 30 days ago unless ``administered_on`` says otherwise.

    ``vaccine=`` (with or without ``manufacturer=``) makes one from a paper card instead.
    """
    fields.setdefault("administered_on", days_ago(30))
    fields["patient"] = fields.get("patient") or make_patient()
    if "vaccine" in fields:
        fields.setdefault("primary_source", False)
    else:
        fields["lot"] = fields.get("lot") or make_lot()
        fields["clinic"] = fields.get("clinic") or make_clinic()
        fields["volunteer"] = fields.get("volunteer") or make_volunteer(fields["clinic"])
    return doses.record_dose(by=system(), **fields)


def make_grant(user: Any, patient: Patient, **fields: Any) -> PatientGrant:
    """Return a grant of the template *self* that does not expire."""
    fields.setdefault("template", GrantTemplate.SELF)
    return grants.grant_access(by=system(), user=user, patient=patient, **fields)


def make_claim_code(patient: Patient, **fields: Any) -> ClaimCode:
    """Return a claim code that nobody can type: only its row counts here."""
    expires_at = timezone.now() + dt.timedelta(days=30)
    defaults = {"digest": f"digest {next(_numbers)}", "expires_at": expires_at}
    return ClaimCode.objects.create(patient=patient, issued_by=system(), **{**defaults, **fields})
