"""All authorisation: what a user may see, and what a user may do.

Roles give Django permissions (``accounts.roles``); this file adds which rows they reach. Nothing
is visible and nothing is allowed unless a rule here says so. An object out of sight raises
``OutOfSight``, exactly as an absent one does.
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import Permission
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from records import models, viewers
from records.sight import seen
from records.statements import made, names_of

M = TypeVar("M", bound=Model)
Rule = Callable[[Any, QuerySet[Any]], QuerySet[Any]]

EVERYTHING = viewers.EVERYTHING
OWN_RECORD = "records.view_own_record"
CHANGE_CONTACT = "records.change_own_contact"
SHARE = "records.share_own_record"
BY_GRANT = frozenset(name.removeprefix("records.") for name in (OWN_RECORD, CHANGE_CONTACT, SHARE))


class OutOfSight(ObjectDoesNotExist):
    """The object does not exist for this user, whether or not it exists."""


def visible_to(user: Any, model: type[M]) -> QuerySet[M]:
    """Return the rows of ``model`` that ``user`` may see; every read starts here.

    Raises ``KeyError`` for a model without a rule: a new model is invisible until it has one.
    """
    rule = RULES[model]
    rows: QuerySet[M] = model._default_manager.all()
    if not (user.is_authenticated and user.is_active):
        return rows.none()
    return rule(user, rows)


def at_work(user: Any, model: type[M]) -> QuerySet[M]:
    """Return the rows of ``model`` that ``user`` may see by role, without those of their grants.

    Staff works on these: a grant gives what its template says, also to a volunteer, and no more.
    """
    rows = visible_to(user, model)
    if model not in PATHS or user.has_perm(EVERYTHING):
        return rows
    return _any_of(rows, _enrolled(user, PATHS[model]))


def require(by: Any, permission: str, *objects: Model, at: models.Clinic | None = None) -> None:
    """Let pass or raise: ``by`` holds ``permission``, sees ``objects``, and works ``at`` a clinic.

    ``permission`` is a codename of the records application. Raises ``PermissionDenied`` when the
    role never has it (decided before any look-up) or when ``by`` is not assigned at the clinic
    today, and ``OutOfSight`` for an object that ``by`` cannot see.
    """
    if by is None or not by.is_active or not by.has_perm(f"records.{permission}"):
        raise PermissionDenied(
            _("This account may not do this: %(permission)s.") % {"permission": permission}
        )
    sight = visible_to if permission in BY_GRANT else at_work
    for item in objects:
        if item.pk is None or not seen(by, _by_key, type(item), sight, pk=item.pk):
            raise OutOfSight(f"{type(item).__name__} not found.")
    if at is not None and not by.has_perm(EVERYTHING) and at not in viewers.current_clinics(by):
        raise PermissionDenied(_("This account is not assigned to this clinic today."))


def _by_key(
    viewer: Any, model: type[Model], sight: Callable[..., QuerySet[Any]], pk: int
) -> QuerySet[Any, Any]:
    return sight(viewer, model).filter(pk=pk).order_by().values_list("pk")


def find(user: Any, model: type[M], public_id: UUID) -> M | None:
    """Return the record with this identifier; None for one out of sight or absent."""
    rows = seen(user, _by_public_id, model, public_id=public_id)
    return made(model, rows[0]) if rows else None


def _by_public_id(viewer: Any, model: type[Model], public_id: UUID) -> QuerySet[Any, Any]:
    rows = visible_to(viewer, model).filter(public_id=public_id)
    return rows.order_by().values_list(*names_of(model))


def enrolled_at(clinics: list[models.Clinic]) -> QuerySet[Any]:
    """Return the ids of the patients who belong to any of ``clinics`` on its own today."""
    days: dict[dt.date, list[int]] = {}
    for clinic in clinics:
        days.setdefault(clinic.today(), []).append(clinic.pk)
    valid = Q(pk__in=())
    for day, keys in days.items():
        valid |= Q(clinic__in=keys, starts_on__lte=day) & (
            Q(ends_on__isnull=True) | Q(ends_on__gte=day)
        )
    return models.Enrolment.objects.filter(valid).values("patient_id")


def still_holds(path: str = "", now: dt.datetime | None = None) -> Q:
    """Return the condition that a grant, found at ``path``, has not expired."""
    moment = now or timezone.now()
    return Q(**{f"{path}expires_at__isnull": True}) | Q(**{f"{path}expires_at__gt": moment})


def granted_to(user: Any) -> QuerySet[models.PatientGrant]:
    """Return the grants of ``user`` that hold now."""
    return models.PatientGrant.objects.filter(still_holds(), user_id=user.pk)


def patients_granted(user: Any, right: str) -> QuerySet[Any]:
    """Return the ids of the patients on whom a grant gives ``user`` this right now.

    Whether the role may use the right at all is for the caller to ask. ``right`` is the full name
    of a permission of Patient.
    """
    label, codename = right.split(".")
    # One value, and the rest found by unique keys: IN this becomes a join that an index orders.
    permission = Permission.objects.filter(
        codename=codename, content_type__app_label=label, content_type__model="patient"
    )
    now = user.now if isinstance(user, viewers.Viewer) else None
    return models.PatientPermission.objects.filter(
        still_holds("grant__", now), user_id=user.pk, permission_id=permission.values("pk")[:1]
    ).values("content_object_id")


def rights_on(user: Any, patient: models.Patient) -> set[str]:
    """Return the full names of what ``user`` may do with one patient by a grant, and by role."""
    rows = models.PatientPermission.objects.filter(
        still_holds("grant__"), user_id=user.pk, content_object_id=patient.pk
    )
    codenames = rows.values_list("permission__codename", flat=True)
    return {name for code in codenames if user.has_perm(name := f"records.{code}")}


def may_manage(user: Any, patient: models.Patient) -> bool:
    """Tell whether a grant lets ``user`` change what belongs to the patient: contact data."""
    return user.has_perm(CHANGE_CONTACT, patient)


def may_share(user: Any, patient: models.Patient) -> bool:
    """Tell whether a grant lets ``user`` share the record, and see who may and did look at it.

    No role stands in for the grant, a superuser's neither.
    """
    return SHARE in rights_on(user, patient)


def _enrolled(user: Any, path: str) -> Q | None:
    """Return the condition on the patient at ``path`` for who treats; None without a clinic."""
    clinics = viewers.current_clinics(user) if user.has_perm("records.view_patient") else []
    return _among(path, enrolled_at(clinics), "patient") if clinics else None


def _granted(user: Any, path: str, right: str = OWN_RECORD) -> Q | None:
    """Return the condition on the patient at ``path`` by grants; None without the role."""
    if not user.has_perm(right):
        return None
    return _among(path, patients_granted(user, right), "content_object")


def _among(path: str, patients: QuerySet[Any], column: str) -> Q:
    """Return the condition that the patient at ``path`` is among these, which ``column`` names.

    The reference to the row outside says nothing new, but it keeps MariaDB from reading a long
    list whole before it reads the first row (docs/access.md).
    """
    return Q(**{f"{path}__in": patients.filter(**{column: OuterRef(path)})})


def _any_of(rows: QuerySet[M], *conditions: Q | None) -> QuerySet[M]:
    """Return the rows that meet any condition; none without one."""
    given = [condition for condition in conditions if condition is not None]
    return rows.filter(functools.reduce(operator.or_, given)) if given else rows.none()


def _of_patient(path: str) -> Rule:
    """Return the rule of a table whose rows belong to the patient at ``path``."""

    def rule(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
        if user.has_perm(EVERYTHING):
            return rows
        return _any_of(rows, _enrolled(user, path), _granted(user, path))

    return rule


def _by_permission(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    name = rows.model._meta.model_name
    return rows if user.has_perm(f"records.view_{name}") else rows.none()


def _own_or_by_permission(path: str) -> Rule:
    def rule(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
        name = rows.model._meta.model_name
        if user.has_perm(f"records.view_{name}"):
            return rows
        return rows.filter(**{path: user.pk})

    return rule


def _volunteers(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """Whoever links volunteers to accounts has to find them."""
    if user.has_perm("records.link_volunteer"):
        return rows
    return _own_or_by_permission("user_id")(user, rows)


def _grants(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """One's own grants, expired ones too, and all of the patients whose record one may share."""
    if user.has_perm("records.view_patientgrant"):
        return rows
    if not user.has_perm(OWN_RECORD):
        return rows.none()
    # Who may share has a grant: the first condition is no other one, but lets an index lead.
    mine = models.PatientGrant.objects.filter(user_id=user.pk).values("patient_id")
    return _any_of(
        rows.filter(patient__in=mine), Q(user_id=user.pk), _granted(user, "patient", SHARE)
    )


def _claim_codes(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """The clinics of the patient; never the patient, who gets the code from them on paper."""
    if user.has_perm(EVERYTHING):
        return rows
    if not user.has_perm("records.view_claimcode"):
        return rows.none()
    return _any_of(rows, _enrolled(user, "patient"))


def _credentials(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """Who treats the patient or manages the record: a signed code is more than a look at it."""
    if user.has_perm(EVERYTHING):
        return rows
    return _any_of(rows, _enrolled(user, "patient"), _granted(user, "patient", CHANGE_CONTACT))


def _check_ins(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """The queues of the clinics where one works today; not where else the patient went."""
    if user.has_perm(EVERYTHING):
        return rows
    if not user.has_perm("records.view_checkin"):
        return rows.none()
    here = [clinic.pk for clinic in viewers.current_clinics(user)]
    return _any_of(rows.filter(clinic__in=here), _enrolled(user, "patient"))


def _merge_proposals(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """Who treats both patients: a proposal names two."""
    if user.has_perm(EVERYTHING):
        return rows
    if not user.has_perm("records.view_mergeproposal"):
        return rows.none()
    of_survivors = _any_of(rows, _enrolled(user, "survivor"))
    return _any_of(of_survivors, _enrolled(user, "patient"))


def _share_links(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """Links of records that one may share; keepers of records see that they exist."""
    if user.has_perm("records.view_sharelink"):
        return rows
    return _any_of(rows, _granted(user, "patient", SHARE))


def _of_doses(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    return rows.filter(dose__in=visible_to(user, models.Dose).values("pk"))


def _of_credentials(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    return rows.filter(credential__in=visible_to(user, models.Credential).values("pk"))


def _of_share_links(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    return rows.filter(link__in=visible_to(user, models.ShareLink).values("pk"))


def _with_its_grant(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    return rows.filter(grant__in=visible_to(user, models.PatientGrant).values("pk"))


def _audit(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """Keepers of records see all, keepers of accounts what happened to accounts.

    Everybody else sees who did what with the records that they may share.
    """
    accounts = None
    if user.has_perm("records.view_auditentry"):
        if user.has_perm(EVERYTHING):
            return rows
        accounts = Q(subject_type__in=("user", "application"), patient__isnull=True)
    return _any_of(rows, accounts, _granted(user, "patient", SHARE))


def _importers(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """Who imports files sees every import: a file is about the store, not about its sender."""
    return rows if user.has_perm("records.import_records") else rows.none()


def _mailers(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """What is said about recalls, for who says it; to whom it is said is another table."""
    return rows if user.has_perm("records.send_recall_notices") else rows.none()


def _record_keepers(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    return rows if user.has_perm(EVERYTHING) else rows.none()


def _nobody(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    return rows.none()


# Where the patient is whom a row belongs to.
PATHS: dict[type[Model], str] = {
    models.Patient: "pk",
    models.PatientIdentifier: "patient",
    models.Enrolment: "patient",
    models.Dose: "patient",
    models.Credential: "patient",
}
RULES: dict[type[Model], Rule] = {
    **{model: _of_patient(path) for model, path in PATHS.items()},
    models.Clinic: _by_permission,
    models.Manufacturer: _by_permission,
    models.Vaccine: _by_permission,
    models.VaccineTarget: _by_permission,
    models.EuProduct: _by_permission,
    models.Lot: _by_permission,
    models.Volunteer: _volunteers,
    models.Assignment: _own_or_by_permission("volunteer__user_id"),
    models.PatientGrant: _grants,
    models.PatientPermission: _with_its_grant,
    models.ClaimCode: _claim_codes,
    models.Credential: _credentials,
    models.CredentialDose: _of_credentials,
    models.ShareLink: _share_links,
    models.ShareView: _of_share_links,
    models.CheckIn: _check_ins,
    models.ScreeningQuestion: _by_permission,
    models.ScreeningAnswer: _of_doses,
    models.TrustedIssuer: _by_permission,
    models.TrustedKey: _by_permission,
    models.RevokedCode: _by_permission,
    models.PatientMerge: _record_keepers,
    models.MergeProposal: _merge_proposals,
    models.MergedDose: _record_keepers,
    models.MergedEnrolment: _record_keepers,
    models.AuditEntry: _audit,
    models.AuditSeal: _by_permission,
    models.AttemptCounter: _nobody,
    models.IdempotencyKey: _nobody,
    models.ImportJob: _importers,
    models.ImportProblem: _importers,
    models.ImportChunk: _nobody,
    models.RecallMailing: _mailers,
    models.Notice: _record_keepers,
    models.OutboxEvent: _by_permission,
}
