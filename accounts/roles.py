"""The roles, as one table in code; ``sync_roles`` makes the Django groups from it.

A role gives permissions of the ``records`` and ``accounts`` applications; which rows they reach
is decided in ``records.access``.
"""

from __future__ import annotations

from dataclasses import dataclass

REFERENCE = ("clinic", "manufacturer", "vaccine", "vaccinetarget", "euproduct", "lot")
RECORDS = (
    *REFERENCE,
    "patient",
    "patientidentifier",
    "enrolment",
    "volunteer",
    "assignment",
    "dose",
    "patientmerge",
)


def _all(verb: str, names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(f"records.{verb}_{name}" for name in names)


def _records(*codenames: str) -> frozenset[str]:
    return frozenset(f"records.{name}" for name in codenames)


READ_REFERENCE = _all("view", REFERENCE)


@dataclass(frozen=True, slots=True)
class Role:
    """One Django group: its name, what it is for, its permissions, and how its people sign in."""

    name: str
    purpose: str
    permissions: frozenset[str]
    uses_admin: bool = False
    is_staff: bool = True  # staff needs a second factor



VOLUNTEER = Role(
    "Volunteer",
    "Registers patients and records doses at the clinics of their assignments.",
    READ_REFERENCE
    | _records(
        "view_patient",
        "add_patient",
        "change_patient",
        "view_patientidentifier",
        "add_patientidentifier",
        "view_enrolment",
        "add_enrolment",
        "change_enrolment",
        "view_dose",
        "add_dose",
        "change_dose",
        "void_dose",
        "add_claimcode",
        "view_claimcode",
    ),
)
LOGISTICS = Role(
    "Logistics",
    "Owns supply: manufacturers, vaccines, lots and recalls.",
    READ_REFERENCE
    | _all("add", ("manufacturer", "vaccine", "vaccinetarget", "euproduct", "lot"))
    | _all("change", ("manufacturer", "vaccine", "vaccinetarget", "euproduct", "lot"))
    | _records("retire_manufacturer", "retire_vaccine", "recall_lot", "renumber_lot"),
    uses_admin=True,
)
ANALYTICS = Role(
    "Analytics",
    "Reads reference data and de-identified figures.",
    READ_REFERENCE,
    uses_admin=True,
)
SALES = Role(
    "Sales",
    "Owns clinic relations: clinics and the assignments of others.",
    READ_REFERENCE
    | _all("view", ("volunteer", "assignment"))
    | _records(
        "add_clinic", "change_clinic", "retire_clinic", "add_assignment", "change_assignment"
    ),
    uses_admin=True,
)
DBA = Role(
    "DBA",
    "Keeps the whole store through the admin; not root, cannot touch users or roles.",
    _all("view", (*RECORDS, "patientgrant", "auditentry", "outboxevent"))
    | _all("view", tuple(f"historical{name}" for name in (*RECORDS, "patientgrant")))
    | _all("add", RECORDS)
    | _all("change", RECORDS)
    | _all("delete", RECORDS)
    | _records(
        "see_every_patient",
        "merge_patient",
        "retire_clinic",
        "retire_manufacturer",
        "retire_vaccine",
        "recall_lot",
        "renumber_lot",
        "void_dose",
        "import_records",
        "add_patientgrant",
        "delete_patientgrant",
    ),
    uses_admin=True,
)
USER_MANAGER = Role(
    "User manager",
    "Creates users and gives them groups; sees no record.",
    frozenset({"accounts.view_user", "accounts.add_user", "accounts.change_user"})
    | frozenset({"auth.view_group"})
    | _records("link_volunteer"),
    uses_admin=True,
)
PATIENT = Role(
    "Patient",
    "Sees their own record and those granted to them.",
    _records(
        "view_own_record",
        "change_own_contact",
        "share_own_record",
        "register_own_record",
        "claim_record",
        "view_clinic",
    ),
    is_staff=False,
)

ROLES = (VOLUNTEER, LOGISTICS, ANALYTICS, SALES, DBA, USER_MANAGER, PATIENT)
