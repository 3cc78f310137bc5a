"""Whose codes count here: issuers, their keys, and what they have withdrawn."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from records.models.base import Record
from records.models.credentials import CredentialFormat
from records.models.fields import CodeField


class TrustedIssuer(Record):
    """An issuer whose codes count: a card's ``iss`` URL, or a country of EU certificates."""

    format = models.CharField(max_length=3, choices=CredentialFormat)
    identifier = CodeField("issuer", max_length=300, help_text="iss, or the country's two letters.")
    name = models.CharField(max_length=200, help_text="As shown to who checks a code.")
    checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When keys and revocations were last read from them."
    )
    distrusted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("name", "id")
        default_permissions = ("view",)
        permissions = (("keep_trust", "Can say whose codes count"),)
        constraints = (
            models.UniqueConstraint(fields=["format", "identifier"], name="trusted_issuer_once"),
        )

    def __str__(self) -> str:
        """Show the name."""
        return self.name


class TrustedKey(Record):
    """A public key of an issuer. Several keys may share a ``kid``, also of one issuer."""

    issuer = models.ForeignKey(TrustedIssuer, models.PROTECT, related_name="keys")
    kid = CodeField("key", max_length=64)
    digest = CodeField(max_length=64, help_text="SHA-256 of the public key's DER, in hexadecimal.")
    public_key = models.TextField(help_text="PEM (SubjectPublicKeyInfo).")
    not_before = models.DateTimeField(null=True, blank=True)
    not_after = models.DateTimeField(null=True, blank=True)
    kinds = models.CharField(
        max_length=40, blank=True, help_text="What it may sign, comma-separated; empty: anything."
    )
    revocations = models.PositiveIntegerField(
        default=0, editable=False, help_text="Number of its list of revocations that was read last."
    )
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    history_owner: ClassVar[str] = "issuer"

    class Meta:
        ordering = ("id",)
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=["issuer", "kid", "digest"], name="trusted_key_once"),
        )
        indexes = (models.Index(fields=["kid"], name="trusted_key_by_kid"),)

    def __str__(self) -> str:
        """Show the key's name."""
        return self.kid


class RevokedCode(models.Model):
    """An identifier that an issuer has withdrawn (SMART Health Cards, revocation lists).

    ``before`` limits it to codes that became valid before that moment; empty: all.
    """

    issuer = models.ForeignKey(TrustedIssuer, models.PROTECT, related_name="revoked")
    kid = CodeField(max_length=64)
    identifier = CodeField(max_length=80)
    before = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=["issuer", "kid", "identifier"], name="revoked_code_once"
            ),
        )

    def __str__(self) -> str:
        """Show the identifier."""
        return self.identifier
