"""What holders of a record do about the access of others to it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.claims import is_of_age
from records.models import GrantTemplate, PatientGrant

MAY_LEAVE = frozenset({GrantTemplate.CARER, GrantTemplate.RELATIVE})


@unit.transactional
def remove_access(*, by: Any, grant: PatientGrant) -> None:
    """Take a grant away: somebody else's of a record that ``by`` shares, or one's own.

    See ``may_remove`` for which. Raises ``PermissionDenied`` for any other and ``OutOfSight`` for
    a grant that ``by`` cannot see.
    """
    access.require(by, "share_own_record", grant)
    current = unit.lock(grant)
    if not may_remove(by, current):
        raise PermissionDenied(_("This access cannot be removed by you."))
    unit.remove(current, by=by, event="patientgrant.revoked", reason="")


def may_remove(by: Any, grant: PatientGrant) -> bool:
    """Tell whether ``by`` may take a grant away.

    Carers and relatives leave when they like, and go when whoever shares the record says so.
    Guardians go when the patient is of age and says so. Nobody ends a patient's own access
    here, and one guardian never shuts out another.
    """
    if grant.template in MAY_LEAVE:
        return grant.user_id == by.pk or access.may_share(by, grant.patient)
    own = access.granted_to(by).filter(patient=grant.patient, template=GrantTemplate.SELF)
    return (
        grant.template == GrantTemplate.GUARDIAN
        and is_of_age(grant.patient, timezone.localdate())
        and own.exists()
    )
