"""The accounts of people whom the directory knows: found, made and given its roles."""

from __future__ import annotations

from collections.abc import Collection

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.managing import set_groups
from accounts.models import User
from records.domain.account_log import log_account


def find_account(addresses: Collection[str]) -> User | None:
    """Return the account of an entry with these addresses (normalised), or None if it has none.

    Raises ``PermissionDenied`` when the addresses are of several accounts or of one that the
    directory may not open: switched off, above all roles, no person's, a demo, or with a password
    of its own. Such a password counts only once somebody has proven the address; else whoever
    registers with the address of another could keep them out.
    """
    users = list(User.objects.filter(email_normalized__in=addresses)[:2])
    if not users:
        return None
    user = users[0]
    if len(users) > 1 or user.is_superuser or user.is_demo or user.kind != User.Kind.PERSON:
        raise PermissionDenied("The directory does not open this account.")
    if not user.is_active or not (user.in_directory or not _has_own_password(user)):
        raise PermissionDenied("The directory does not open this account.")
    return user


def _has_own_password(user: User) -> bool:
    if not user.has_usable_password():
        return False
    return EmailAddress.objects.filter(user=user, verified=True).exists()


@transaction.atomic
def admit(
    *,
    email: str,
    addresses: Collection[str],
    name: str,
    roles: Collection[str],
    mapped: Collection[str],
) -> User | None:
    """Give who has proven to be this entry its roles of today; return the account, or None.

    Of the ``mapped`` roles the account has ``roles`` afterwards; others stay as they are. Who has
    none of them is not let in: no account is made, and an existing one only loses. The actor is
    VaxPass itself. Raises ``PermissionDenied`` as `find_account` does.
    """
    system = User.objects.system()
    user = find_account(addresses)
    if user is not None:
        user = User.objects.select_for_update().get(pk=user.pk)
    granted = list(Group.objects.filter(name__in=roles))
    if user is None or not user.in_directory:
        if not granted:
            return None
        user = _link(system, user, email, name)
    others = user.groups.exclude(name__in=mapped)
    set_groups(system, user, [*others, *granted])
    # Read again: a role that was taken has ended the sessions, which the new one must know.
    return User.objects.get(pk=user.pk) if granted else None


def _link(system: User, user: User | None, email: str, name: str) -> User:
    """Make the account, or make an existing one the directory's; its address is proven by it."""
    action = "user.changed" if user else "user.added"
    if user is None:
        user = User.objects.create_user(email, None)
    user.in_directory = True
    user.name = name or user.name
    user.set_unusable_password()
    user.save(update_fields=["in_directory", "name", "password"])
    addresses = EmailAddress.objects.filter(user=user)
    addresses.delete()
    addresses.create(user=user, email=user.email, verified=True, primary=True)
    log_account(by=system, user=user, action=action, fields=["email", "name", "in_directory"])
    return user
