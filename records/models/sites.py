"""Where doses are given."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from records.models.base import Address, Effective, Record, Retirable
from records.models.fields import CodeField


def validate_time_zone(value: str) -> None:
    """Raise ``ValidationError`` unless ``value`` is an IANA time zone name."""
    if value not in available_timezones():
        raise ValidationError(_("“%(value)s” is not an IANA time zone."), params={"value": value})


class Clinic(Address, Retirable, Effective, Record):
    """A place where doses are given; its calendar decides what "today" is."""

    code = CodeField(max_length=32, unique=True)
    name = models.CharField(max_length=150)
    time_zone = models.CharField(
        max_length=64, default="UTC", validators=[validate_time_zone], help_text="IANA name."
    )

    class Meta:
        ordering = ("code",)
        permissions = (("retire_clinic", "Can retire clinic"),)

    def __str__(self) -> str:
        """Show the name that people use."""
        return self.name

    def today(self) -> dt.date:
        """Return the date at this clinic right now."""
        return timezone.now().astimezone(ZoneInfo(self.time_zone)).date()
