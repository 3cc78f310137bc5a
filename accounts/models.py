"""Who can act: people, services of other systems, and VaxPass itself."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SYSTEM_EMAIL = "system@vaxpass.invalid"


def normalize_email(email: str) -> str:
    """Return the one spelling under which an e-mail address is looked up and kept unique.

    Compatibility forms are folded (NFKC), case is folded and blanks are stripped, so that
    ``Ada@Example.org`` and ``ada@example.org`` are one account. Accents are kept: ``é`` and
    ``e`` are different mailboxes.
    """
    folded = unicodedata.normalize("NFKC", email).strip().casefold()
    return unicodedata.normalize("NFKC", folded)


def mailbox(email: str) -> str:
    """Return the address, normalised and in ASCII, to which a mail server delivers.

    Raises ``ValidationError`` for what no mail can be sent to, and for a domain with characters
    that the mail would leave out: it would reach one mailbox under any number of spellings.
    """
    local, _at, domain = normalize_email(email).rpartition("@")
    try:
        sent_to = punycode(domain)
        is_spelled_so = domain in (sent_to, sent_to.encode().decode("idna"))
    except UnicodeError:
        is_spelled_so = False
    address = f"{local}@{sent_to}" if is_spelled_so else ""
    validate_email(address)
    return address


class NormalizedEmailField(models.CharField):
    """The folded twin of an e-mail column, compared byte by byte on every database.

    MariaDB's default collations treat letters with and without accents as equal; an account
    must not be reachable through the address of another mailbox.
    """

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        """Add the byte-wise collation of MariaDB or MySQL; SQLite compares bytes anyway."""
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Derive the value from ``email``, so that no writer can forget it."""
        value = normalize_email(getattr(model_instance, "email"))  # noqa: B009
        setattr(model_instance, self.attname, value)
        return value


class UserManager(BaseUserManager["User"]):
    """Creates users and finds them under the normalised address."""

    use_in_migrations = True

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user whose address folds to the same value as ``username``."""
        return self.get(email_normalized=normalize_email(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create and return a user; without a password nobody can sign in as that user.

        Raises ``ValueError`` without an address and ``ValidationError`` for a taken one.
        """
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.email_normalized = normalize_email(email)
        if self.filter(email_normalized=user.email_normalized).exists():
            raise ValidationError({"email": _("Another account has this e-mail address.")})
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create root: for a site's first minutes only; daily work belongs to the DBA group.

        The address counts as confirmed: whoever has the shell of the server has typed it, and the
        mail server may not be set up yet.
        """
        with transaction.atomic(using=self._db):
            user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
            EmailAddress.objects.get_or_create(
                user=user, email=user.email_normalized, defaults={"verified": True, "primary": True}
            )
        return user

    def system(self) -> User:
        """Return VaxPass itself, the actor of commands; ``sync_roles`` gives it its group."""
        user, _ = self.get_or_create(
            email_normalized=SYSTEM_EMAIL,
            defaults={
                "email": SYSTEM_EMAIL,
                "name": "VaxPass",
                "kind": User.Kind.SYSTEM,
                "password": make_password(None),
            },
        )
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """An actor. Signs in by e-mail; roles are Django groups made from ``accounts.roles``."""

    class Kind(models.TextChoices):
        """What acts: only a person can sign in on a page."""

        PERSON = "person", gettext_lazy("Person")
        SERVICE = "service", gettext_lazy("Service of another system")
        SYSTEM = "system", gettext_lazy("VaxPass itself")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField("e-mail address", max_length=254)
    email_normalized = NormalizedEmailField(max_length=254, unique=True, editable=False)
    name = models.CharField(max_length=150, blank=True)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PERSON)
    is_demo = models.BooleanField(
        default=False,
        editable=False,
        help_text=gettext_lazy("Made by seed_demo; refused in production."),
    )
    in_directory = models.BooleanField(
        default=False,
        editable=False,
        help_text=gettext_lazy("Signs in with the password of the LDAP directory."),
    )
    is_staff = models.BooleanField(
        "staff status", default=False, help_text=gettext_lazy("May open the admin site.")
    )
    is_active = models.BooleanField(
        "active", default=True, help_text=gettext_lazy("Clear this instead of deleting an account.")
    )
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    language = models.CharField(
        max_length=12,
        blank=True,
        editable=False,
        help_text=gettext_lazy("Blank: the one the browser asks for."),
    )
    toured_at = models.DateTimeField(
        null=True, editable=False, help_text=gettext_lazy("When the first-run tour was dismissed.")
    )
    session_stamp = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text=gettext_lazy("Raised to end every session of the account."),
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email_normalized"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        ordering = ("email_normalized",)
        permissions = (("reset_second_factor", "Can reset the second factor of others"),)

    def __str__(self) -> str:
        """Show the name, or the address where no name is known."""
        return self.name or self.email

    def clean(self) -> None:
        """Fold the address before uniqueness is checked."""
        super().clean()
        self.email_normalized = normalize_email(self.email)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; whoever saves the address alone, as allauth does, saves its folded twin too.

        A name is one line: it stands in subjects of mails, which else would not leave. Only
        `sessions` changes the stamp: a copy read earlier must not bring ended sessions back.
        """
        self.name = " ".join(self.name.split())
        fields = kwargs.get("update_fields")
        if fields is not None and "email" in fields:
            kwargs["update_fields"] = {*fields, "email_normalized"}
        elif fields is None and not self._state.adding:
            kept = {"id", "session_stamp"}
            kwargs["update_fields"] = {f.name for f in self._meta.concrete_fields} - kept
        super().save(*args, **kwargs)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what every session of the account is compared with, for one secret key.

        Django asks for it with today's key and with each earlier one.
        """
        value = f"{self.password} {self.session_stamp}"
        return salted_hmac("accounts.session", value, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        """Return the name that pages show."""
        return str(self)

    def get_short_name(self) -> str:
        """Return the first word of the name that pages show."""
        return str(self).split(" ", 1)[0]


# Django finds models in this module.
from accounts.oauth.models import Application  # noqa: E402, F401
