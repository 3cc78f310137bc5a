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
ACCESS = ("patientgrant", "claimcode")
WORKSPACE = ("checkin", "screeningquestion", "mergeproposal")
ISSUED = ("credential", "sharelink", "trustedissuer", "trustedkey")


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
    uses_sql: bool = False  # has a read-only database role on MariaDB
    notes: str = ""


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
        "view_credential",
        "issue_credential",
        "revoke_credential",
        "view_checkin",
        "add_checkin",
        "change_checkin",
        "view_screeningquestion",
        "view_mergeproposal",
        "add_mergeproposal",
    ),
    notes="Only patients enrolled at a clinic where they are assigned today, and their doses;"
    " of others, name and birth date when surname and birth date are given exactly.",
)
LOGISTICS = Role(
    "Logistics",
    "Owns supply: manufacturers, vaccines, lots and recalls.",
    READ_REFERENCE
    | _all("add", ("manufacturer", "vaccine", "vaccinetarget", "euproduct", "lot"))
    | _all("change", ("manufacturer", "vaccine", "vaccinetarget", "euproduct", "lot"))
    | _records("retire_manufacturer", "retire_vaccine", "recall_lot", "renumber_lot")
    | _records("view_supply_figures", "send_recall_notices"),
    uses_admin=True,
    uses_sql=True,
    notes="Of doses, only how many were given of a lot, by clinic and day, without the patients."
    " Sends notices of recalls without seeing to whom.",
)
ANALYTICS = Role(
    "Analytics",
    "Reads reference data and de-identified figures.",
    READ_REFERENCE | _records("view_coverage_figures"),
    uses_admin=True,
    uses_sql=True,
    notes="Figures about fewer than five people are left out; never sees an identity.",
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
    uses_sql=True,
    notes="Partner contacts are the addresses of clinics. Nobody changes their own assignments.",
)
DBA = Role(
    "DBA",
    "Keeps the whole store through the admin; not root, cannot touch users or roles.",
    _all("view", (*RECORDS, *ACCESS, *ISSUED, *WORKSPACE, "auditentry", "auditseal", "outboxevent"))
    | _all("view", ("credentialdose", "shareview", "revokedcode", "screeninganswer"))
    | _all("view", tuple(f"historical{name}" for name in (*RECORDS, *ACCESS, *ISSUED, *WORKSPACE)))
    | _all("add", (*RECORDS, *WORKSPACE))
    | _all("change", (*RECORDS, *WORKSPACE))
    | _all("delete", RECORDS)
    | _records(
        "see_every_patient",
        "merge_patient",
        "retire_clinic",
        "retire_manufacturer",
        "retire_vaccine",
        "retire_screeningquestion",
        "recall_lot",
        "renumber_lot",
        "send_recall_notices",
        "void_dose",
        "import_records",
        "add_patientgrant",
        "delete_patientgrant",
        "revoke_credential",
        "keep_trust",
        "view_supply_figures",
        "view_coverage_figures",
    ),
    uses_admin=True,
    notes="Writes only through the admin: SQL leaves no history. Grants, codes, audit and outbox"
    " are read-only, but access can be ended; a row is deleted for good only while nothing refers"
    " to it, and with a reason.",
)
USER_MANAGER = Role(
    "User manager",
    "Creates users and gives them groups; sees no record.",
    frozenset({"accounts.view_user", "accounts.add_user", "accounts.change_user"})
    | frozenset({"accounts.reset_second_factor"})
    | frozenset(f"accounts.{verb}_application" for verb in ("view", "add", "change"))
    | frozenset({"auth.view_group"})
    | _records("link_volunteer", "view_auditentry"),
    uses_admin=True,
    notes="Invites people, resets their second factors and says whose badge an account has; nobody"
    " changes their own account. Each new DBA and user manager is announced to every user manager."
    " Of the audit, only what happened to accounts; of volunteers, who can be linked to one.",
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
    notes="Which record, and whether to manage it, share it or only read it, is in each grant.",
)

ROLES = (VOLUNTEER, LOGISTICS, ANALYTICS, SALES, DBA, USER_MANAGER, PATIENT)
ADMIN_ROLES = frozenset(role.name for role in ROLES if role.uses_admin)
