"""Bring groups, permissions and access to the admin in line with the table of roles.

First all differences are collected, each with the sentence that tells it; then they are removed,
or only shown. Nothing that the table does not give survives: also not what somebody gave to a
group of their own or to one account directly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet

from accounts.models import User
from accounts.roles import ADMIN_ROLES, DBA, ROLES, Role
from accounts.sessions import end_sessions
from records.domain.account_log import log_account, log_role


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as the table of roles says: in words, and what puts it right."""

    text: str
    settle: Callable[[], None]


def differences(roles: Iterable[Role] = ROLES) -> list[Difference]:
    """Return all that differs, in the order in which it has to be put right.

    Raises ``LookupError`` for a permission that does not exist.
    """
    known = {_name(row): row for row in Permission.objects.select_related("content_type")}
    roles = list(roles)
    for role in roles:
        if missing := sorted(role.permissions - known.keys()):
            raise LookupError(f"{role.name}: no such permission: {', '.join(missing)}.")
    return [
        *(found for role in roles for found in _role(role, known)),
        *_other_groups(roles),
        *_direct_permissions(),
        *_system_groups(),
        *_admin_access(),
    ]


def _role(role: Role, known: dict[str, Permission]) -> Iterator[Difference]:
    group = Group.objects.filter(name=role.name).first()
    held = _names(group.permissions) if group else set()
    given, removed = sorted(role.permissions - held), sorted(held - role.permissions)
    if group is None:
        yield Difference(f"{role.name}: made.", partial(_make, role.name))
    if given:
        rows = [known[name] for name in given]
        yield Difference(f"{role.name}: given {', '.join(given)}.", partial(_give, role.name, rows))
    if removed:
        rows = [known[name] for name in removed]
        text = f"{role.name}: removed {', '.join(removed)}."
        yield Difference(text, partial(_take, role.name, rows))


def _other_groups(roles: Iterable[Role]) -> Iterator[Difference]:
    """Yield the groups that are no role but give something."""
    others = Group.objects.exclude(name__in=[role.name for role in roles])
    for group in others.filter(permissions__isnull=False).distinct().order_by("name"):
        rows = list(group.permissions.select_related("content_type"))
        names = ", ".join(sorted(map(_name, rows)))
        text = f"{group.name}: is no role; removed {names}."
        yield Difference(text, partial(_take, group.name, rows))


def _direct_permissions() -> Iterator[Difference]:
    """Yield the accounts that were given a permission beside their roles."""
    users = User.objects.filter(user_permissions__isnull=False).distinct()
    for user in users.order_by("email_normalized"):
        names = ", ".join(sorted(_names(user.user_permissions)))
        text = f"{user.email}: removed {names}, given to this account alone."
        yield Difference(text, partial(_clear_direct, user))


def _system_groups() -> Iterator[Difference]:
    """VaxPass itself keeps the records, and nothing else."""
    system = User.objects.filter(kind=User.Kind.SYSTEM).first()
    held = sorted(system.groups.values_list("name", flat=True)) if system else []
    if held != [DBA.name]:
        yield Difference(f"VaxPass itself: has the role {DBA.name} only.", _set_system_groups)


def _admin_access() -> Iterator[Difference]:
    """Yield the accounts whose way into the admin does not follow from their roles.

    Superusers, made at the command line, stand above all roles; VaxPass itself cannot sign in.
    """
    users = User.objects.filter(is_superuser=False).exclude(kind=User.Kind.SYSTEM)
    allowed = users.filter(groups__name__in=ADMIN_ROLES).distinct()
    for user in allowed.filter(is_staff=False).order_by("email_normalized"):
        yield Difference(f"{user.email}: may open the admin.", partial(_set_staff, user, True))
    for user in users.filter(is_staff=True).exclude(pk__in=allowed).order_by("email_normalized"):
        text = f"{user.email}: may not open the admin any more."
        yield Difference(text, partial(_set_staff, user, False))


def _make(name: str) -> None:
    Group.objects.create(name=name)


def _give(name: str, rows: list[Permission]) -> None:
    Group.objects.get(name=name).permissions.add(*rows)
    log_role(by=User.objects.system(), name=name, fields=[f"+{_name(row)}" for row in rows])


def _take(name: str, rows: list[Permission]) -> None:
    """Take permissions from a group; its members start again with what is left."""
    group = Group.objects.get(name=name)
    group.permissions.remove(*rows)
    log_role(by=User.objects.system(), name=name, fields=[f"-{_name(row)}" for row in rows])
    for user in User.objects.filter(groups=group):
        end_sessions(user)


def _clear_direct(user: User) -> None:
    user.user_permissions.clear()
    _log(user, "user.permissions_removed", "user_permissions")
    end_sessions(user)


def _set_system_groups() -> None:
    system = User.objects.system()
    system.groups.set([Group.objects.get(name=DBA.name)])
    _log(system, "user.roles_changed", "groups")


def _set_staff(user: User, allowed: bool) -> None:
    user.is_staff = allowed
    user.save(update_fields=["is_staff"])
    _log(user, "user.changed", "is_staff")
    if not allowed:
        end_sessions(user)


def _log(user: User, action: str, field: str) -> None:
    log_account(by=User.objects.system(), user=user, action=action, fields=[field])


def _names(permissions: Any) -> set[str]:
    rows: QuerySet[Permission] = permissions.select_related("content_type")
    return {_name(row) for row in rows}


def _name(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"
