"""What user managers do with the accounts of others."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.languages import reading
from accounts.models import User
from accounts.roles import ADMIN_ROLES, DBA, USER_MANAGER
from accounts.sessions import end_sessions
from records.access import visible_to
from records.domain.account_log import log_account
from records.domain.volunteers import link_user
from records.models import Volunteer

ANNOUNCED = frozenset({DBA.name, USER_MANAGER.name})

logger = logging.getLogger(__name__)


@transaction.atomic
def add_user(*, by: User, email: str, name: str, kind: str, groups: Collection[Group]) -> User:
    """Create an account without a password; ``invitations`` mails its owner the link to set one.

    Raises ``ValidationError`` for a taken address and ``PermissionDenied``.
    """
    _require(by, "accounts.add_user")
    if kind not in (User.Kind.PERSON, User.Kind.SERVICE):
        raise ValidationError({"kind": _("Only VaxPass itself is the system.")})
    user = User.objects.create_user(email, None, name=name.strip(), kind=kind)
    log_account(by=by, user=user, action="user.added", fields=["email", "name", "kind"])
    set_groups(by, user, groups)
    return user


@transaction.atomic
def change_user(
    *, by: User, user: User, name: str, is_active: bool, groups: Collection[Group]
) -> User:
    """Change another person's name, roles, and whether they can sign in.

    Raises ``PermissionDenied`` for one's own account and for one that stands above all roles.
    """
    _require(by, "accounts.change_user")
    user = User.objects.select_for_update().get(pk=user.pk)
    require_other(by, user)
    wanted = {"name": name.strip(), "is_active": is_active}
    changed = [field for field, value in wanted.items() if getattr(user, field) != value]
    if changed:
        for field in changed:
            setattr(user, field, wanted[field])
        user.save(update_fields=changed)
        if not is_active:
            end_sessions(user)
        log_account(by=by, user=user, action="user.changed", fields=changed)
    set_groups(by, user, groups)
    return user


@transaction.atomic
def link_volunteer(*, by: User, user: User, badge: str) -> None:
    """Let an account act as the volunteer of a badge, or as none if the badge is empty.

    Raises ``ValidationError`` for an unknown badge or one that is linked to another account.
    """
    _require(by, "records.link_volunteer")
    require_other(by, user)
    current = Volunteer.objects.filter(user_id=user.pk).first()
    if badge == (current.code if current else ""):
        return
    wanted = None
    if badge:
        wanted = visible_to(by, Volunteer).filter(code=badge).first()
        if wanted is None:
            raise ValidationError({"badge": _("No volunteer has this badge.")})
        if wanted.user_id is not None:
            raise ValidationError({"badge": _("Another account is linked to this badge.")})
    if current is not None:
        link_user(by=by, volunteer=current, version=current.version, user=None)
    if wanted is not None:
        link_user(by=by, volunteer=wanted, version=wanted.version, user=user)


@transaction.atomic
def reset_second_factor(*, by: User, user: User) -> None:
    """Delete another person's authenticators and recovery codes and end their sessions.

    Staff enrols anew at the next sign-in. The owner is told by mail. Raises
    ``PermissionDenied``, also for one's own account.
    """
    _require(by, "accounts.reset_second_factor")
    user = User.objects.select_for_update().get(pk=user.pk)
    require_other(by, user)
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user)
    log_account(by=by, user=user, action="user.second_factor_reset", fields=["second_factor"])
    transaction.on_commit(lambda: _tell_of_reset(by, user))


def may_manage(by: User, user: User) -> bool:
    """Tell whether ``by`` may change this account: another one, and no superuser's or system's."""
    return user.pk != by.pk and not user.is_superuser and user.kind != User.Kind.SYSTEM


def require_other(by: User, user: User) -> None:
    """Raise ``PermissionDenied`` unless ``by`` may change this account."""
    if not may_manage(by, user):
        raise PermissionDenied(_("This account cannot be changed by you."))


def _require(by: User, permission: str) -> None:
    if not by.is_active or not by.has_perm(permission):
        raise PermissionDenied(
            _("This account may not do this: %(permission)s.") % {"permission": permission}
        )


def set_groups(by: User, user: User, groups: Collection[Group]) -> None:
    """Set the roles; who has one that works in the admin gets in there, and nobody else."""
    before = set(user.groups.values_list("name", flat=True))
    after = {group.name for group in groups}
    is_staff = bool(after & ADMIN_ROLES)
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])
    if before == after:
        return
    user.groups.set(groups)
    log_account(by=by, user=user, action="user.roles_changed", fields=["groups"])
    if granted := sorted((after - before) & ANNOUNCED):
        transaction.on_commit(lambda: _announce(by, user, granted))


def _tell_of_reset(by: User, user: User) -> None:
    """Tell the owner, who may know nothing of it."""
    _tell(
        user,
        gettext_lazy("VaxPass: your second factor was reset"),
        gettext_lazy(
            "%(by)s removed the authenticator app, passkeys and recovery codes of your account and"
            " ended its sessions.\nSign in with your password and set up a second factor again.\n"
            "If you did not ask for this, tell the user managers of your site now."
        ),
        {"by": by},
    )


def _announce(by: User, user: User, granted: list[str]) -> None:
    """Tell every user manager that somebody got a powerful role."""
    tell_managers(
        gettext_lazy("VaxPass: %(roles)s given to %(user)s"),
        gettext_lazy(
            "%(by)s (%(by_email)s) gave %(user)s (%(email)s) the role %(roles)s.\n"
            "If you did not expect this, look at the account now."
        ),
        {
            "by": by,
            "by_email": by.email,
            "user": user,
            "email": user.email,
            "roles": format_lazy(" & ".join("{}" for name in granted), *map(gettext_lazy, granted)),
        },
    )


def tell_managers(subject: Any, message: Any, about: Mapping[str, Any]) -> None:
    """Mail every user manager; the texts are lazy, and ``about`` fills their places."""
    for manager in User.objects.filter(is_active=True, groups__name=USER_MANAGER.name):
        _tell(manager, subject, message, about)


def _tell(user: User, subject: Any, message: Any, about: Mapping[str, Any]) -> None:
    """Mail what has been done; one mail that cannot leave keeps no other back."""
    try:
        with reading(user):
            send_mail(str(subject) % about, str(message) % about, None, [user.email])
    except OSError as error:
        logger.error("mail: a notice did not leave: %s", type(error).__name__)
