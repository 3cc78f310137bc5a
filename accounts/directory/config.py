"""What the environment says about the directory; settings.py reads it, so no models here."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env

from accounts.roles import ROLES

PORTS = {"ldap": 389, "ldaps": 636}
USER_FILTER = "(mail=%(user)s)"


@dataclass(frozen=True, slots=True)
class Directory:
    """One LDAP directory: where it is, whom to look for, and which of its groups give a role."""

    url: str
    user_base: str
    group_base: str
    groups: tuple[tuple[str, str], ...]  # normal form of a group's DN or cn, our role
    user_filter: str = USER_FILTER
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)
    start_tls: bool = False
    ca_file: str = ""

    @property
    def mapped(self) -> frozenset[str]:
        """Return the roles that the directory decides about; all others are none of its."""
        return frozenset(role for _, role in self.groups)

    def roles(self, dns: Iterable[str], names: Iterable[str | None]) -> frozenset[str]:
        """Return the roles of who is in the groups with these DNs and these names (cn)."""
        keys = {group_key(dn) for dn in dns} | {name.casefold() for name in names if name}
        return frozenset(role for group, role in self.groups if group in keys)


def directory_from(env: Env, *, production: bool) -> Directory | None:
    """Return the directory of ``LDAP_URL``, or None where the site has none.

    Raises ``ImproperlyConfigured`` naming the variable that is missing or wrong.
    """
    url = env.str("LDAP_URL", "").strip()
    if not url:
        return None
    try:
        import django_auth_ldap.config  # noqa: F401  (brings python-ldap, which is compiled)
    except ImportError as error:
        raise ImproperlyConfigured(
            "LDAP_URL is set, but django-auth-ldap is not installed:"
            " pip install --require-hashes -r requirements/ldap.txt."
        ) from error
    directory = Directory(
        url=url,
        user_base=_base(env, "LDAP_USER_BASE"),
        group_base=_base(env, "LDAP_GROUP_BASE"),
        groups=_groups(env.str("LDAP_GROUPS", "")),
        user_filter=env.str("LDAP_USER_FILTER", "").strip() or USER_FILTER,
        bind_dn=env.str("LDAP_BIND_DN", "").strip(),
        bind_password=env.str("LDAP_BIND_PASSWORD", ""),
        start_tls=env.bool("LDAP_START_TLS", False),
        ca_file=env.str("LDAP_CA_FILE", "").strip(),
    )
    _check(directory, production)
    return directory


def group_key(text: str) -> str | None:
    """Return the form under which DNs and names of groups are compared; None for a broken DN."""
    import ldap.dn

    if "=" not in text:
        return text.strip().casefold()
    try:
        parts = ldap.dn.str2dn(text)
    except ldap.DECODING_ERROR:
        return None
    return str(ldap.dn.dn2str(parts)).casefold()


def _base(env: Env, name: str) -> str:
    import ldap.dn

    base = env.str(name, "").strip()
    if not base or not ldap.dn.is_dn(base):
        raise ImproperlyConfigured(f"{name} is {'wrong' if base else 'missing'}: set it to a DN.")
    return base


def _groups(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``group=Role; group=Role``; the last equals sign parts them, as a DN has some itself."""
    known = {role.name for role in ROLES}
    pairs = []
    for item in filter(None, (part.strip() for part in text.split(";"))):
        group, equals, role = (part.strip() for part in item.rpartition("="))
        key = group_key(group)
        if not equals or not group or key is None:
            raise ImproperlyConfigured(f"LDAP_GROUPS is wrong: no group and role in “{item}”.")
        if role not in known:
            raise ImproperlyConfigured(f"LDAP_GROUPS is wrong: there is no role “{role}”.")
        pairs.append((key, role))
    if not pairs:
        raise ImproperlyConfigured(
            "LDAP_GROUPS is missing: say which group gives which role, as in nurses=Volunteer."
        )
    return tuple(pairs)


def _check(directory: Directory, production: bool) -> None:
    """Refuse what would not work, and passwords that would travel in clear."""
    try:
        parts = urlsplit(directory.url)
        host, known = parts.hostname, parts.scheme in PORTS and parts.port != 0
    except ValueError:
        host, known = None, False
    if not host or not known or parts.path not in ("", "/") or parts.query or parts.username:
        raise ImproperlyConfigured("LDAP_URL is wrong: it must be ldap://host or ldaps://host.")
    secure = parts.scheme == "ldaps"
    if secure and directory.start_tls:
        raise ImproperlyConfigured("LDAP_START_TLS is wrong: ldaps:// is encrypted already.")
    if production and not (secure or directory.start_tls or _is_loopback(host)):
        raise ImproperlyConfigured(
            "LDAP_URL is wrong: passwords would travel in clear; use ldaps:// or LDAP_START_TLS."
        )
    if directory.bind_dn and not directory.bind_password:
        raise ImproperlyConfigured("LDAP_BIND_PASSWORD is missing: LDAP_BIND_DN needs one.")
    if directory.ca_file and not Path(directory.ca_file).is_file():
        raise ImproperlyConfigured("LDAP_CA_FILE is wrong: there is no such file.")
    try:
        filled = directory.user_filter % {"user": "somebody"}
    except (KeyError, TypeError, ValueError):
        filled = ""
    if "%(user)s" not in directory.user_filter or "somebody" not in filled:
        raise ImproperlyConfigured("LDAP_USER_FILTER is wrong: it must hold %(user)s.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
