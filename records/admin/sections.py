"""The records in the order in which people look for them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

SECTIONS = {
    _("Patients and doses"): (
        "Patient",
        "Dose",
        "Enrolment",
        "PatientIdentifier",
        "PatientMerge",
        "MergeProposal",
        "PatientGrant",
        "ClaimCode",
    ),
    _("Supply"): ("Lot", "Vaccine", "VaccineTarget", "Manufacturer", "EuProduct"),
    _("Clinics and volunteers"): (
        "Clinic",
        "Volunteer",
        "Assignment",
        "CheckIn",
        "ScreeningQuestion",
        "ScreeningAnswer",
    ),
    _("Trail"): ("AuditEntry", "AuditSeal", "OutboxEvent"),
}


def in_sections(apps: list[Any]) -> list[dict[str, Any]]:
    """Return Django's list of applications with the records split by subject.

    A model without a section keeps its place under the application.
    """
    split: list[dict[str, Any]] = []
    for app in apps:
        if app["app_label"] != "records":
            split.append(app)
            continue
        left = {model["object_name"]: model for model in app["models"]}
        for name, members in SECTIONS.items():
            models = [left.pop(member) for member in members if member in left]
            if models:
                split.append({**app, "name": name, "models": models})
        if left:
            split.append({**app, "models": list(left.values())})
    return split
