"""What every record table has: identity, version, and a history that never overlaps.

History is a slowly changing dimension of type 2 (Kimball), recorded by django-simple-history.
A version is true from ``history_date`` up to, not including, ``valid_to``; the current one is
open-ended. Unique keys (id, version) and (id, valid_to) make the database refuse a gap in the
numbering and a second current version.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords

from records.models.fields import SearchKeyField

OPEN_ENDED = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
TICK = dt.timedelta(microseconds=1)


class RecordVersion(models.Model):
    """What a history row adds: until when it was true, and who and why (simple-history)."""

    valid_to = models.DateTimeField(default=OPEN_ENDED, editable=False)

    if TYPE_CHECKING:  # what simple-history copies from the record and adds to it
        id: int
        version: int
        history_date: dt.datetime
        history_type: str

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Close the version before this one, then write this one.

        Clocks run backwards now and then; a version begins at least one microsecond after the
        one before it. The tombstone of a deletion takes the next number.
        """
        if self._state.adding and self.history_type != "+":
            versions: models.Manager[Any] = type(self)._default_manager
            earlier = versions.filter(id=self.id, valid_to=OPEN_ENDED)
            previous = earlier.values("history_date", "version").first()
            if previous:
                self.history_date = max(self.history_date, previous["history_date"] + TICK)
                if self.history_type == "-":
                    self.version = previous["version"] + 1
                earlier.update(valid_to=self.history_date)
        super().save(*args, **kwargs)


class VersionManager(HistoryManager):
    """simple-history's manager, with bulk writes that also close the earlier versions."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: type[Any], class_name: str | None = None) -> type[Any]:
        """Return the class that simple-history asks for whenever ``history`` is named."""
        return super().from_queryset(queryset_class, class_name)

    def bulk_history_create(
        self,
        objs: Iterable[models.Model],
        batch_size: int | None = None,
        update: bool = False,
        *args: Any,
        default_date: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Write one version of each object in one statement, after closing the current ones.

        All objects share one moment: ``default_date`` or now, moved past the youngest version
        that is closed. New objects (``update`` not set) have none.
        """
        objs = list(objs)
        moment = default_date or timezone.now()
        if update:
            current = self.model._default_manager.filter(
                id__in=[obj.pk for obj in objs], valid_to=OPEN_ENDED
            )
            youngest = current.aggregate(last=models.Max("history_date"))["last"]
            if youngest:
                moment = max(moment, youngest + TICK)
                current.update(valid_to=moment)
        return super().bulk_history_create(
            objs, batch_size, update, *args, default_date=moment, **kwargs
        )


class VersionedRecords(HistoricalRecords):
    """Historical tables of the SCD-2 kind for every subclass of ``Record``.

    Columns that the database derives from others (generated and search columns) and fields
    without a column are not part of a version; nor is encrypted content, which never changes.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Fix the options that all record models share."""
        super().__init__(
            inherit=True,
            bases=(RecordVersion,),
            history_manager=VersionManager,
            history_id_field=models.BigAutoField(),
            history_change_reason_field=models.CharField(max_length=500, blank=True, default=""),
            **kwargs,
        )

    def fields_included(self, model: type[models.Model]) -> list[models.Field]:
        """Return the columns that a version keeps."""
        return [
            field
            for field in model._meta.fields
            if field.concrete
            and not field.generated
            and not isinstance(field, SearchKeyField | models.BinaryField)
        ]

    def copy_fields(self, model: type[models.Model]) -> dict[str, models.Field]:
        """Copy the columns without their indexes: history has its own three."""
        fields: dict[str, models.Field] = super().copy_fields(model)
        for field in fields.values():
            setattr(field, "db_index", False)  # noqa: B010 (the stubs miss it)
        return fields

    def get_change_reason_for_object(
        self, instance: models.Model, history_type: str, using: str | None
    ) -> str:
        """Return the reason that the domain function left on the instance."""
        return getattr(instance, "_change_reason", None) or ""

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        """Name keys and indexes here: those of an abstract base would be dropped."""
        options: dict[str, Any] = super().get_meta_options(model)
        name = model._meta.model_name
        owner = getattr(model, "history_owner", None)
        options["constraints"] = [
            models.UniqueConstraint(fields=["id", "version"], name=f"{name}_version_once"),
            models.UniqueConstraint(fields=["id", "valid_to"], name=f"{name}_one_current"),
        ]
        options["indexes"] = (
            [models.Index(fields=[owner, "history_date"], name=f"{name}_history")] if owner else []
        )
        options["default_permissions"] = ("view",)
        return options


class Record(models.Model):
    """A row of the record store.

    ``public_id`` is the only identifier that leaves the system; ``version`` counts 1, 2, 3 … and
    is the ETag that a change has to name. ``history_owner`` names the foreign key under which
    a person asks for "all of theirs as of t".
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = VersionedRecords()
    history_owner: ClassVar[str | None] = None
    _history_user: Any
    _change_reason: str

    class Meta:
        abstract = True


class Address(models.Model):
    """A postal address as it was typed; it stays on its owner (see docs/data-model.md)."""

    street_number = models.CharField(max_length=20, blank=True, help_text="May hold letters: 12b.")
    street_name = models.CharField(max_length=150, blank=True)
    city = models.CharField(max_length=100, blank=True)
    state = models.CharField("state or province", max_length=100, blank=True)
    zip_code = models.CharField("ZIP or postal code", max_length=20, blank=True)
    country = models.CharField(max_length=100, blank=True)

    class Meta:
        abstract = True


class Retirable(models.Model):
    """Reference data is retired, never deleted: doses go on naming it."""

    retired_on = models.DateField(
        null=True, blank=True, editable=False, help_text="Last day of use."
    )

    class Meta:
        abstract = True


class Effective(models.Model):
    """Reference data whose real-world change (renamed, moved) has a date of its own."""

    effective_from = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="First day on which this was true outside the system; empty: always.",
    )

    class Meta:
        abstract = True


def none_or_both(first: str, second: str) -> models.Q:
    """Return the check that two nullable columns are known together or not at all."""
    known = models.Q(**{f"{first}__isnull": False, f"{second}__isnull": False})
    return known | models.Q(**{f"{first}__isnull": True, f"{second}__isnull": True})


def furthest_today() -> dt.date:
    """Return today by the calendar that is furthest ahead (UTC+14): no day after it is past."""
    return (timezone.now() + dt.timedelta(hours=14)).date()


def period_check(name: str) -> models.CheckConstraint:
    """Return the check that a period does not end before it starts."""
    return models.CheckConstraint(
        condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
        name=name,
        violation_error_message=_("The period ends before it starts."),
    )
