"""Hard deletion, for DBAs in the admin only: a row typed by mistake that nothing refers to."""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.patients import need_reason
from records.domain.revocation import doses_of_vaccine, revoke_shifted, revoke_stating
from records.models import Assignment, Dose, Record, RevocationCause, VaccineTarget, Volunteer
from records.wording import listed


@unit.transactional
def delete_record(*, by: Any, record: Record, version: int, reason: str) -> None:
    """Delete a record for good; history keeps its last version and the reason.

    Raises ``ValidationError`` while anything refers to the record, and ``PermissionDenied`` for
    what says where one works oneself.
    """
    access.require(by, f"delete_{record._meta.model_name}", record)
    volunteer = record.volunteer if isinstance(record, Assignment) else record
    if isinstance(volunteer, Volunteer) and volunteer.user_id == by.pk:
        raise PermissionDenied(_("Nobody changes their own assignments or link."))
    need_reason(reason)
    if isinstance(record, Dose):
        unit.lock(record.patient)
    current = unit.lock(record, version=version)
    # Asked first: Django would load every row that refers to this one, only to refuse.
    if names := references_to(current):
        raise ValidationError(
            _("Cannot be deleted: %(names)s refer to it.") % {"names": listed(names)},
            code="protected",
        )
    name = record._meta.model_name
    unit.remove(current, by=by, event=f"{name}.deleted", reason=reason)
    _revoke(current, by=by, reason=reason)


def _revoke(gone: Record, *, by: Any, reason: str) -> None:
    """Revoke the certificates of doses that have another place in their series now."""
    if isinstance(gone, Dose):
        patients, cause = [gone.patient_id], RevocationCause.DOSE_AMENDED
        revoke_stating(by=by, patients=patients, cause=cause, reason=reason)
    elif isinstance(gone, VaccineTarget):
        for doses in doses_of_vaccine(gone.vaccine):
            revoke_shifted(by=by, patients=doses.values("patient"), reason=reason)


def references_to(record: Record) -> list[str]:
    """Return what refers to a record, as the plural names of the tables: all by one statement."""
    asked: dict[str, Exists] = {}
    names: dict[str, str] = {}
    for relation in record._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and (relation.one_to_many or relation.one_to_one)):
            continue
        field: Any = cast(Any, relation).field
        # History rows stay: they refer to nothing by a key that the database holds.
        if not getattr(field, "db_constraint", True):
            continue
        rows = field.model._base_manager.filter(**{field.name: record})
        slot = f"reference_{len(asked)}"
        asked[slot], names[slot] = Exists(rows), str(field.model._meta.verbose_name_plural)
    if not asked:
        return []
    own: Any = type(record)._base_manager
    found = own.filter(pk=record.pk).values(**asked).first() or {}
    return sorted({names[slot] for slot, refers in found.items() if refers})
