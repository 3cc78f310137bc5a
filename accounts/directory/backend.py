"""The authentication backend that asks the directory after VaxPass's own accounts were asked."""

from __future__ import annotations

import logging
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import ldap
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.dispatch import receiver
from django_auth_ldap.backend import LDAPBackend, _LDAPUser, ldap_error
from django_auth_ldap.config import GroupOfNamesType, LDAPSearch, LDAPSettings

from accounts.directory.accounts import admit, find_account
from accounts.directory.config import PORTS, Directory
from accounts.models import User, normalize_email

TIMEOUT = 2  # seconds that the directory has for each answer

logger = logging.getLogger(__name__)
# The library's own messages name people and DNs.
logging.getLogger("django_auth_ldap").setLevel(logging.CRITICAL)


class DirectoryBackend(LDAPBackend):
    """Lets people in whom the directory knows by this password and gives a role.

    The library reads the directory and writes nothing; what is written, `admit` writes.
    """

    _settings: LDAPSettings | None = None

    @property
    def settings(self) -> LDAPSettings:
        """Return the library's settings, made of ours."""
        if self._settings is None:
            self._settings = LDAPSettings(defaults=options(_directory()))
        return self._settings

    def authenticate(
        self,
        request: Any,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """Return the account of who signs in by e-mail address, or None.

        Without a password nobody is asked: LDAP takes such a bind for an anonymous one, which
        succeeds.
        """
        address = normalize_email(credentials.get("email") or username or "")
        if not address or not password or not _shakes_hands(_directory()):
            return None
        return self.authenticate_ldap_user(_LDAPUser(self, username=address), password)

    def authenticate_ldap_user(self, ldap_user: Any, password: str) -> User | None:
        """Check the password in the directory unless the account is none of the directory's.

        Passwords of other accounts are not shown to the directory. The entry is looked up for
        every address, so that a slow directory does not tell which accounts there are.
        """
        if ldap_user.dn is None:
            return None
        addresses = _addresses(ldap_user.attrs)
        if ldap_user._username not in addresses:
            return None
        try:
            account = find_account(addresses)
            if account and account.email_normalized != ldap_user._username:
                raise PermissionDenied("An account is opened by its own address.")
        except PermissionDenied:
            logger.info("directory: an entry has the address of an account that it may not open")
            return None
        user: User | None = super().authenticate_ldap_user(ldap_user, password)
        return user

    def get_or_build_user(self, username: str, ldap_user: Any) -> tuple[User, bool]:
        """Return the account with today's roles; called once the password has been found right.

        Raises ``AuthenticationFailed`` without a role.
        """
        directory = _directory()
        try:
            user = admit(
                email=username,
                addresses=_addresses(ldap_user.attrs),
                name=_name(ldap_user.attrs),
                roles=directory.roles(ldap_user.group_dns, ldap_user.group_names),
                mapped=directory.mapped,
            )
        except (PermissionDenied, ValidationError, IntegrityError) as error:
            # Changed since it was looked up, by another browser of the same person, say.
            raise _LDAPUser.AuthenticationFailed("not now") from error
        if user is None:
            raise _LDAPUser.AuthenticationFailed("no role")
        return user, False

    def get_user(self, user_id: Any) -> User | None:
        """Return the account of a session, unless it has been switched off."""
        return ModelBackend().get_user(user_id)


def _directory() -> Directory:
    assert settings.LDAP, "the backend is in use only where a directory is named"
    return settings.LDAP


def options(directory: Directory) -> dict[str, Any]:
    """Return the directory in the library's words."""
    connection: dict[Any, Any] = {
        ldap.OPT_REFERRALS: ldap.OPT_OFF,
        ldap.OPT_NETWORK_TIMEOUT: TIMEOUT,
        ldap.OPT_TIMEOUT: TIMEOUT,
        ldap.OPT_X_TLS_REQUIRE_CERT: ldap.OPT_X_TLS_DEMAND,
    }
    if directory.ca_file:
        connection[ldap.OPT_X_TLS_CACERTFILE] = directory.ca_file
    connection[ldap.OPT_X_TLS_NEWCTX] = 0  # makes the options above count; must be the last
    return {
        "SERVER_URI": directory.url,
        "START_TLS": directory.start_tls,
        "BIND_DN": directory.bind_dn,
        "BIND_PASSWORD": directory.bind_password,
        "CONNECTION_OPTIONS": connection,
        "USER_SEARCH": LDAPSearch(
            directory.user_base,
            ldap.SCOPE_SUBTREE,
            directory.user_filter,
            ["mail", "displayName", "cn"],
        ),
        "GROUP_SEARCH": LDAPSearch(
            directory.group_base, ldap.SCOPE_SUBTREE, "(objectClass=*)", ["cn"]
        ),
        "GROUP_TYPE": GroupOfNamesType(),
        "ALWAYS_UPDATE_USER": False,
    }


def _shakes_hands(directory: Directory) -> bool:
    """Tell whether a server of ``ldaps://`` answers; others are found out by the time-outs.

    OpenLDAP's library waits for ever within a TLS handshake that its GnuTLS build has begun,
    whatever time-outs it is given.
    """
    parts = urlsplit(directory.url)
    if parts.scheme != "ldaps":
        return True
    context = ssl.create_default_context()
    # Nothing is sent on this connection; the library checks the certificate on its own.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    peer = (parts.hostname or "", parts.port or PORTS["ldaps"])
    try:
        with socket.create_connection(peer, TIMEOUT) as plain:
            context.wrap_socket(plain, server_hostname=peer[0]).close()
    except OSError as error:
        logger.warning("directory: handshake failed: %s", type(error).__name__)
        return False
    return True


def _addresses(attributes: Any) -> set[str]:
    return {normalize_email(value) for value in attributes.get("mail", ()) if type(value) is str}


def _name(attributes: Any) -> str:
    """Return the name that an entry shows to people, as much of it as an account holds."""
    for key in ("displayName", "cn"):
        for value in attributes.get(key, ()):
            if type(value) is str:
                return value.strip()[:150]
    return ""


@receiver(ldap_error)
def _note_error(context: str, exception: Exception, **_: Any) -> None:
    """Log that the directory failed, naming nobody."""
    logger.warning("directory: %s failed: %s", context, type(exception).__name__)
