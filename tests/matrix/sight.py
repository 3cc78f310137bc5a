"""What each actor has in sight, table by table: what every page starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Model

from records import access, models
from tests.matrix.expect import KEEPERS, who
from tests.matrix.world import World

ALL, NONE = "all", "none"
Case = Callable[[Any], str | None]

REFERENCE = who("volunteer off_duty both logistics analytics sales") | KEEPERS
CLINICS = REFERENCE | {"patient"}
PEOPLE = who("sales user_manager") | KEEPERS  # user managers link badges to accounts
SITES = who("sales") | KEEPERS
SUPPLY = who("logistics") | KEEPERS

# Who sees all rows; everybody not named here or in SOME sees none.
EVERYTHING: dict[type[Model], frozenset[str]] = {
    models.Clinic: CLINICS,
    models.Manufacturer: REFERENCE,
    models.Vaccine: REFERENCE,
    models.VaccineTarget: REFERENCE,
    models.EuProduct: REFERENCE,
    models.Lot: REFERENCE,
    models.Volunteer: PEOPLE,
    models.Assignment: SITES,
    models.Patient: KEEPERS,
    models.PatientIdentifier: KEEPERS,
    models.Enrolment: KEEPERS,
    models.Dose: KEEPERS,
    models.PatientGrant: KEEPERS,
    models.PatientPermission: KEEPERS,
    models.ClaimCode: KEEPERS,
    models.Credential: KEEPERS,
    models.CredentialDose: KEEPERS,
    models.ShareLink: KEEPERS,
    models.ShareView: KEEPERS,
    models.CheckIn: KEEPERS,
    models.ScreeningQuestion: who("volunteer off_duty both") | KEEPERS,
    models.ScreeningAnswer: KEEPERS,
    models.TrustedIssuer: KEEPERS,
    models.TrustedKey: KEEPERS,
    models.RevokedCode: KEEPERS,
    models.PatientMerge: KEEPERS,
    models.MergeProposal: KEEPERS,
    models.MergedDose: KEEPERS,
    models.MergedEnrolment: KEEPERS,
    models.AuditEntry: KEEPERS,
    models.AuditSeal: KEEPERS,
    models.AttemptCounter: frozenset(),
    models.IdempotencyKey: frozenset(),
    models.ImportJob: KEEPERS,
    models.ImportProblem: KEEPERS,
    models.ImportChunk: frozenset(),
    models.RecallMailing: SUPPLY,
    models.Notice: KEEPERS,
    models.OutboxEvent: KEEPERS,
}

OF_PATIENT = (
    models.Patient,
    models.PatientIdentifier,
    models.Enrolment,
    models.Dose,
    models.ScreeningAnswer,
)
MINE = frozenset({"own", "dependant", "relative"})
SHARED = frozenset({"own", "dependant"})

# Who sees the rows of some patients, by case.
SOME: dict[type[Model], dict[str, frozenset[str]]] = {
    **{
        model: {"volunteer": frozenset({"here"}), "both": frozenset({"here"}), "patient": MINE}
        for model in OF_PATIENT
    },
    models.CheckIn: {"volunteer": frozenset({"here"}), "both": frozenset({"here"})},
    models.ClaimCode: {"volunteer": frozenset({"here"}), "both": frozenset({"here"})},
    models.AuditEntry: {"patient": SHARED},
    **{
        model: {"volunteer": frozenset({"here"}), "both": frozenset({"here"}), "patient": SHARED}
        for model in (models.Credential, models.CredentialDose)
    },
    models.ShareLink: {"patient": SHARED},
    models.ShareView: {"patient": SHARED},
}
# Where the patient is whom a row is about, if it is about one by way of another.
THROUGH: dict[type[Model], str] = {
    models.ScreeningAnswer: "dose__patient",
    models.ShareView: "link__patient",
    models.CredentialDose: "credential__patient",
}

# The actors' rows that are one's own, whatever the role.
OWN = {
    models.Volunteer: "user_id",
    models.Assignment: "volunteer__user_id",
}
ACTORS_LIKE = {"no_factor": "dba", "demo_elsewhere": "dba"}


def sight_faults(world: World, model: type[Model]) -> Iterator[str]:
    """Return a line for each actor who sees more or less of a model than they should."""
    everything = set(model._default_manager.values_list("pk", flat=True))
    for actor, user in world.users.items():
        fresh = type(user).objects.get(pk=user.pk)  # without the permissions it has cached
        seen = set(access.visible_to(fresh, model).values_list("pk", flat=True))
        expected = _expected(world, model, ACTORS_LIKE.get(actor, actor), fresh, everything)
        if seen != expected:
            more, fewer = len(seen - expected), len(expected - seen)
            yield f"{actor} sees {more} {model.__name__} too many, {fewer} too few"


def _expected(
    world: World, model: type[Model], actor: str, user: Any, everything: set[int]
) -> set[int]:
    rows = model._default_manager
    if actor == "disabled":
        return set()
    if actor in EVERYTHING[model]:
        return everything
    if model in OWN:
        return set(rows.filter(**{OWN[model]: user.pk}).values_list("pk", flat=True))
    if model is models.AuditEntry and actor == "user_manager":
        accounts = rows.filter(subject_type__in=("user", "application"), patient=None)
        return set(accounts.values_list("pk", flat=True))
    if model in (models.PatientGrant, models.PatientPermission):
        return _grants(world, model) if actor == "patient" else set()
    cases = SOME.get(model, {}).get(actor, frozenset())
    patients = [world.objects["patient"][case].pk for case in cases]
    if model is models.Patient:
        return set(patients)
    if model is models.CheckIn:  # of the same patient, the one at the clinic of the assignment
        here = world.objects["workplace"]["one"]
        found = models.CheckIn.objects.filter(clinic=here, patient__in=patients)
        return set(found.values_list("pk", flat=True))
    about = {f"{THROUGH.get(model, 'patient')}__in": patients}
    return set(rows.filter(**about).values_list("pk", flat=True)) if cases else set()


def _grants(world: World, model: type[Model]) -> set[int]:
    """One's own grants, expired ones too, and others' on the records that one may share."""
    cases = ("own", "dependant", "relative", "former", "shared")
    grants = [world.objects["patientgrant"][case].pk for case in cases]
    path = "pk__in" if model is models.PatientGrant else "grant__in"
    return set(model._default_manager.filter(**{path: grants}).values_list("pk", flat=True))
