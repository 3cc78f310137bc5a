"""What the pages are about: rows of the demo, and what it lacks."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from records.codecs.credentials import Format
from records.domain.credentials import as_issued, issue_credentials
from records.domain.grants import grant_access
from records.domain.share_links import create_share_link, link_page
from records.models import (
    Assignment,
    CheckIn,
    Credential,
    Dose,
    GrantTemplate,
    Lot,
    Patient,
    PatientGrant,
    Volunteer,
)
from tests.tour.pages import Stop

PASSCODE = "blue heron"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def demo_account(mailbox: str) -> Any:
    """Return one of the demo accounts."""
    return get_user_model().objects.get(email__startswith=f"{mailbox}@demo.")


@dataclass
class Things:
    """The keys that addresses take, by the login that is shown them, and codes to check."""

    keys: dict[str, dict[str, Any]]
    shared: str
    code: str

    def address(self, stop: Stop, login: str, routes: dict[str, str]) -> str:
        """Return the path of a page; raise ``KeyError`` for one that is not known."""
        if stop.path:
            return stop.path
        if stop.name == "shared:link":
            return self.shared
        known = {**self.keys[""], **self.keys.get(login, {})}
        names = PARAMETER.findall(routes[stop.name])
        rows = ("object_id", "pk")
        given = {name: _row(stop.name) if name in rows else known[name] for name in names}
        address = reverse(stop.name, kwargs=given)
        several = {
            "admin:records_patient_merge": Patient.objects.filter(merged_into=None),
            "admin:records_dose_void_several": Dose.objects.all(),
        }
        if stop.name in several:
            address += f"?ids={','.join(str(row.pk) for row in several[stop.name][:2])}"
        return address


def _row(name: str) -> Any:
    """Return the key of the latest row of an admin's page."""
    app, model = name.removeprefix("admin:").split("_")[:2]
    rows: Any = apps.get_model(app, model)._default_manager
    if model == "user":
        return demo_account("sales").pk
    if model == "patient":
        rows = rows.filter(merged_into=None)
    return rows.order_by("-pk")[0].pk


def prepare() -> Things:
    """Fill an empty database with the demo; issue codes and share a record."""
    call_command("migrate", verbosity=0)
    for command in ("sync_roles", "load_codes", "seed_demo"):
        call_command(command)
    call_command("rotate_issuer_key", if_missing=True)
    volunteer, owner = demo_account("volunteer"), demo_account("patient")
    waiting = CheckIn.objects.order_by("pk")[0]
    own = PatientGrant.objects.get(user=owner, template=GrantTemplate.SELF)
    cards = {}
    for by, patient in ((volunteer, waiting.patient), (owner, own.patient)):
        cards[by.pk] = issue_credentials(by=by, patient=patient, format=Format.SHC)[0]
    link, _ = create_share_link(
        by=owner,
        patient=own.patient,
        label="School",
        expires_at=timezone.now() + dt.timedelta(days=14),
        passcode=PASSCODE,
    )
    relative = grant_access(
        by=get_user_model().objects.system(),
        user=demo_account("logistics"),
        patient=own.patient,
        template=GrantTemplate.RELATIVE,
    )
    lot = Lot.objects.filter(recalled_on=None).annotate(n=Count("doses")).order_by("-n", "pk")[0]
    assignment = Assignment.objects.filter(ends_on=None).order_by("-pk")[0]
    doses = Dose.objects.filter(patient=waiting.patient, lot__isnull=False, status="completed")
    keys: dict[str, dict[str, Any]] = {
        "": {"slug": "record", "uidb36": "1", "key": "none", "app_label": "records"},
        "volunteer": {
            "patient_id": waiting.patient.public_id,
            "dose_id": doses.filter(clinic=waiting.clinic).latest("pk").public_id,
            "credential_id": cards[volunteer.pk].public_id,
        },
        "patient": {
            "patient_id": own.patient.public_id,
            "credential_id": cards[owner.pk].public_id,
            "link_id": link.public_id,
            "grant_id": relative.public_id,
        },
        "logistics": {"lot_id": lot.public_id},
        "sales": {
            "clinic_id": assignment.clinic.public_id,
            "assignment_id": assignment.public_id,
            "volunteer_id": Volunteer.objects.order_by("-pk")[0].public_id,
        },
    }
    code = as_issued(by=owner, credential=Credential.objects.get(pk=cards[owner.pk].pk))
    return Things(keys, urlsplit(link_page(by=owner, link=link)).path, code)
