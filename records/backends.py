"""What a grant lets its holder do with one patient, as Django's permission checks ask it."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from guardian.backends import ObjectPermissionBackend

from records import access
from records.models import Patient


class GrantBackend(ObjectPermissionBackend):
    """Answers ``user.has_perm("records.view_own_record", patient)`` from guardian's rows.

    Guardian's own backend knows no expiry, and asks generic tables and groups that VaxPass leaves
    empty. This one asks for patients alone, in one query, and only what the role may do as well.
    A question without an object costs nothing.
    """

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        """Tell whether a grant that holds now gives the right on this patient."""
        return perm in self.get_all_permissions(user_obj, obj)

    def get_group_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return nothing: a patient is granted to persons, never to groups."""
        return set()

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return the full names of the rights on this patient; none for anything else."""
        return access.rights_on(user_obj, obj) if isinstance(obj, Patient) else set()
