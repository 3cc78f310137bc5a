"""What user managers do with applications; every act is audited."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from oauth2_provider.generators import generate_client_secret

from accounts.managing import require_other, tell_managers
from accounts.models import User
from accounts.oauth.models import Application
from accounts.oauth.tokens import revoke_of_application
from accounts.roles import ADMIN_ROLES
from records.domain.account_log import log_application

FIELDS = ("name", "client_type", "authorization_grant_type", "redirect_uris", "service_user")


@transaction.atomic
def register(*, by: User, scopes: Collection[str], **fields: Any) -> tuple[Application, str]:
    """Add an application; return it with its secret, which is stored as a hash and shown once.

    ``fields`` are those of ``FIELDS``. Every user manager is told of one that acts with a role of
    the admin. Raises ``ValidationError`` naming each field, and ``PermissionDenied``.
    """
    _require(by, "accounts.add_application")
    secret: str = generate_client_secret()
    application = Application(client_secret=secret, scopes=" ".join(scopes), **fields)
    _require_account(by, application)
    application.full_clean()
    application.save()
    log_application(
        by=by, application=application, action="application.added", fields=[*FIELDS, "scopes"]
    )
    _announce(by, application)
    return application, secret


@transaction.atomic
def change(
    *,
    by: User,
    application: Application,
    name: str,
    redirect_uris: str,
    scopes: Collection[str],
    is_active: bool,
) -> Application:
    """Change an application, and end its tokens unless only the name differs.

    Raises ``ValidationError`` naming each field, and ``PermissionDenied``.
    """
    _require(by, "accounts.change_application")
    application = Application.objects.select_for_update().get(pk=application.pk)
    _require_account(by, application)
    wanted = {
        "name": name,
        "redirect_uris": redirect_uris,
        "scopes": " ".join(scopes),
        "is_active": is_active,
    }
    changed = [field for field, value in wanted.items() if getattr(application, field) != value]
    if not changed:
        return application
    for field in changed:
        setattr(application, field, wanted[field])
    application.full_clean()
    application.save()
    if changed != ["name"]:
        revoke_of_application(application)
    log_application(by=by, application=application, action="application.changed", fields=changed)
    return application


@transaction.atomic
def renew_secret(*, by: User, pk: int) -> tuple[Application, str]:
    """Return an application with its new secret, shown once; the earlier one and all tokens end.

    Raises ``Application.DoesNotExist`` also for one that keeps no secret.
    """
    _require(by, "accounts.change_application")
    confidential = Application.objects.filter(client_type=Application.CLIENT_CONFIDENTIAL)
    application = confidential.select_for_update().get(pk=pk)
    _require_account(by, application)
    secret: str = generate_client_secret()
    application.client_secret = secret
    application.save()
    revoke_of_application(application)
    log_application(
        by=by,
        application=application,
        action="application.secret_renewed",
        fields=["client_secret"],
    )
    _announce(by, application)
    return application, secret


def _require(by: User, permission: str) -> None:
    if not by.is_active or not by.has_perm(permission):
        raise PermissionDenied(
            _("This account may not do this: %(permission)s.") % {"permission": permission}
        )


def _require_account(by: User, application: Application) -> None:
    """Keep to whom ``by`` may manage: a secret of root's account would be a way around that."""
    if application.service_user is not None:
        require_other(by, application.service_user)


def _announce(by: User, application: Application) -> None:
    """Tell every user manager of a new secret that opens what a role of the admin may do."""
    user = application.service_user
    if user is None or not user.groups.filter(name__in=ADMIN_ROLES).exists():
        return
    transaction.on_commit(
        lambda: tell_managers(
            gettext_lazy("VaxPass: %(application)s acts as %(user)s"),
            gettext_lazy(
                "%(by)s (%(by_email)s) gave %(application)s a secret, with which it acts as"
                " %(user)s (%(email)s).\nIf you did not expect this, look at the application now."
            ),
            {
                "by": by,
                "by_email": by.email,
                "application": application,
                "user": user,
                "email": user.email,
            },
        )
    )
