"""The demo accounts: one for every role."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.utils.text import slugify

from accounts.models import User
from accounts.roles import (
    ANALYTICS,
    DBA,
    LOGISTICS,
    PATIENT,
    ROLES,
    SALES,
    USER_MANAGER,
    VOLUNTEER,
    Role,
)

PASSWORD = "demo-vaxpass"  # noqa: S105 - printed for everyone, and only ever set in development
DOMAIN = "demo.vaxpass.example"

NAMES = {
    VOLUNTEER.name: "Vera Okonkwo",
    LOGISTICS.name: "Lorenzo Bianchi",
    ANALYTICS.name: "Anneke Visser",
    SALES.name: "Salma Haddad",
    DBA.name: "Dmitri Baranov",
    USER_MANAGER.name: "Ursula Meier",
    PATIENT.name: "Amélie Laurent",
}
MAILBOXES = {USER_MANAGER.name: "users"}
STARTS = {
    VOLUNTEER.name: "/clinic/",
    PATIENT.name: "/passport/",
    LOGISTICS.name: "/supply/",
    SALES.name: "/relations/",
    ANALYTICS.name: "/figures/",
}


@dataclass(frozen=True, slots=True)
class Login:
    """One account: the role it has, who it is, and where its work starts."""

    role: Role
    user: User
    start: str


def ensure_logins() -> dict[str, Login]:
    """Return the demo account of every role, by role; make those that are missing.

    Raises ``Group.DoesNotExist`` before ``sync_roles`` has run.
    """
    return {
        role.name: Login(role, _ensure(role), STARTS.get(role.name, "/admin/")) for role in ROLES
    }


def _ensure(role: Role) -> User:
    email = f"{MAILBOXES.get(role.name, slugify(role.name))}@{DOMAIN}"
    user = User.objects.filter(email_normalized=email).first()
    if user is None:
        user = User.objects.create_user(
            email,
            PASSWORD,
            name=NAMES.get(role.name, role.name),
            is_demo=True,
            is_staff=role.uses_admin,
        )
        user.groups.set([Group.objects.get(name=role.name)])
        # Sign-in asks for a confirmed address, and nobody reads this mailbox.
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user
