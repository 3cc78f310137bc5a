"""Counters of tries: they guard secrets, so they are rows and not in a cache that may be empty."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from records.models.fields import CodeField


class AttemptCounter(models.Model):
    """How often something was tried by or against one subject since a moment.

    ``subject`` is a keyed digest (of an address, an account, a network), never the thing itself.
    """

    scope = CodeField(max_length=40, help_text="What is limited, e.g. sign_in.account")
    subject = CodeField(max_length=64)
    attempts = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["scope", "subject"], name="attempt_counter_once"),
        )
        indexes = (models.Index(fields=["since"], name="attempt_counter_by_age"),)

    def __str__(self) -> str:
        """Show the count."""
        return f"{self.scope}: {self.attempts}"
