"""Ends sessions and tokens: of who is disabled, loses a role or loses a second factor.

A session carries a digest of the account's password and session stamp, which is compared with the
account's row at every request; no cache takes part in it. Tokens are rows, and are taken away.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import F
from django.db.models.signals import m2m_changed, pre_delete
from django.dispatch import receiver

from accounts.models import User
from accounts.oauth.tokens import revoke_of_users


def end_sessions(user: User) -> None:
    """End every session and token of an account: each is refused at its next request."""
    _end([user.pk])
    user.refresh_from_db(fields=["session_stamp"])


def _end(users: Any) -> None:
    revoke_of_users(users)
    User.objects.filter(pk__in=users).update(session_stamp=F("session_stamp") + 1)


@receiver(m2m_changed, sender=User.groups.through)
def _role_taken(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: Any, **_: Any
) -> None:
    """End the sessions of who loses a role, whichever way it is taken."""
    if action == "post_remove":
        _end(pk_set if reverse else [instance.pk])
    elif action == "pre_clear":
        _end(list(instance.user_set.values_list("pk", flat=True)) if reverse else [instance.pk])


@receiver(pre_delete, sender=Group)
def _group_deleted(instance: Group, **_: Any) -> None:
    """End the sessions of the members: rows that go with a group send no signal of their own."""
    _end(list(User.objects.filter(groups=instance).values_list("pk", flat=True)))
