"""Make the Django groups from the table of roles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.roles import DBA, ROLES, Role


class Command(BaseCommand):
    """Create, fill and trim the groups of ``accounts.roles``; running it again changes nothing."""

    help = "Make the Django groups and their permissions from accounts/roles.py (idempotent)."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Bring every group in line and give VaxPass itself the DBA's permissions."""
        known = {
            f"{row.content_type.app_label}.{row.codename}": row
            for row in Permission.objects.select_related("content_type")
        }
        for role in ROLES:
            self._sync(role, known)
        get_user_model().objects.system().groups.set([Group.objects.get(name=DBA.name)])

    def _sync(self, role: Role, known: dict[str, Permission]) -> None:
        missing = sorted(role.permissions - known.keys())
        if missing:
            raise CommandError(f"{role.name}: no such permission: {', '.join(missing)}.")
        group, created = Group.objects.get_or_create(name=role.name)
        wanted = {known[name].pk for name in role.permissions}
        current = set(group.permissions.values_list("pk", flat=True))
        if created or wanted != current:
            group.permissions.set(wanted)
            added, removed = len(wanted - current), len(current - wanted)
            self.stdout.write(f"{role.name}: {added} permissions given, {removed} removed.")
