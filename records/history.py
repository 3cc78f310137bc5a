"""Reading the past: what the records said (record time), and what was true (effective time).

Writing history is the business of ``records.models.base``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Model, OuterRef, Q, QuerySet, Subquery

from records.models import Lot, Record
from records.wording import reason_words

OF_DOSE = {"manufacturer": OuterRef("manufacturer"), "number": OuterRef("lot_number")}
HOUSEKEEPING = frozenset({"id", "public_id", "version"})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one version: its name and label, and the value before and after, as shown."""

    field: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionChanges:
    """One version with what it changed against the one before; the first one changes nothing."""

    version: Any
    changes: tuple[FieldChange, ...]


def as_of(model: type[Record], moment: dt.datetime | OuterRef) -> QuerySet[Any]:
    """Return the versions of all rows of ``model`` that were current at ``moment``.

    ``moment`` is aware, or a column of the outer query. A version holds from its
    ``history_date`` up to, not including, its ``valid_to``; rows deleted by then are left out.
    """
    versions: QuerySet[Any] = model.history.filter(history_date__lte=moment, valid_to__gt=moment)
    return versions.exclude(history_type="-")


def lots_as_of(moment: dt.datetime | OuterRef) -> QuerySet[Any]:
    """Return, within a query of doses, the version of a dose's lot that was current at ``moment``.

    A dose names its lot by manufacturer and number, which may be those of another lot today.
    """
    return as_of(Lot, moment).filter(**OF_DOSE)


def lots_of_doses() -> QuerySet[Lot]:
    """Return, within a query of doses, the lot of a dose as it is now."""
    return Lot.objects.filter(**OF_DOSE).order_by()


def record_as_of(record: Record, moment: dt.datetime) -> Any | None:
    """Return the version of one record that was current at ``moment``, or None."""
    version = as_of(type(record), moment).filter(id=record.pk).first()
    if version is not None:
        _lend(record, [version])
    return version


def version_by_id(model: type[Record], public_id: Any, version: int) -> QuerySet[Any]:
    """Return one version of the record with this ``public_id``; none once it was deleted.

    History has no index on ``public_id``; the key of the record leads to its versions.
    """
    key = model._default_manager.filter(public_id=public_id).values("pk")
    rows: QuerySet[Any] = model.history.filter(id__in=key, version=version)
    return rows


def versions_of(record: Record) -> QuerySet[Any]:
    """Return all versions of one record, newest first, with who made them."""
    versions: QuerySet[Any] = type(record).history.filter(id=record.pk)
    return versions.select_related("history_user").order_by("-version")


def changes_of(
    record: Record, *, before: int | None = None, limit: int | None = None
) -> list[VersionChanges]:
    """Return the versions of ``record``, newest first, each with its differences.

    All of them, or ``limit`` of those before the version ``before``.
    """
    rows = versions_of(record)
    if before is not None:
        rows = rows.filter(version__lt=before)
    # The last one differs from one more.
    versions = list(rows if limit is None else rows[: limit + 1])
    _lend(record, versions)
    shown = _shown_relations(record, versions)
    result = []
    for index, version in enumerate(versions[:limit]):
        earlier = versions[index + 1] if index + 1 < len(versions) else None
        result.append(VersionChanges(version, tuple(_differences(version, earlier, shown))))
    return result


def changes_since(record: Record, seen: int) -> tuple[FieldChange, ...]:
    """Return what differs between the version ``seen`` of a record and its newest one."""
    versions = list(versions_of(record))
    earlier = next((version for version in versions if version.version == seen), None)
    return tuple(_differences(versions[0], earlier, _shown_relations(record, versions)))


def _lend(record: Record, versions: list[Any]) -> None:
    """Give versions that name the same related rows those that the record has loaded already."""
    fields: Any = [field for field in record._meta.concrete_fields if field.many_to_one]
    for field in fields:
        loaded = field.get_cached_value(record, default=None)
        for version in versions if loaded is not None else ():
            if getattr(version, field.attname, None) == getattr(record, field.attname):
                setattr(version, field.name, loaded)


def _shown_relations(record: Record, versions: list[Any]) -> dict[str, dict[Any, str]]:
    model = type(record)
    names = [field.name for field in model._meta.fields if field.many_to_one and field.concrete]
    return {name: _display_names(model, name, versions) for name in names}


def _display_names(model: type[Record], name: str, versions: list[Any]) -> dict[Any, str]:
    """Return how the related rows that these versions name are shown: at most one query."""
    field: Any = model._meta.get_field(name)
    target = field.related_model
    if not isinstance(target, type) or not issubclass(target, Model):
        return {}
    keys = {getattr(version, field.attname) for version in versions} - {None}
    loaded = [version._meta.get_field(name).get_cached_value(version, None) for version in versions]
    found = {row.pk: row for row in loaded if row is not None}
    if unknown := keys - found.keys():
        found |= target._base_manager.in_bulk(unknown)
    return {key: str(row) for key, row in found.items()}


def _differences(version: Any, earlier: Any, shown: dict[str, dict[Any, str]]) -> Any:
    if earlier is None:
        return
    for field in version.instance_type._meta.fields:
        if field.name in HOUSEKEEPING or not hasattr(version, field.attname):
            continue
        if not field.concrete or field.generated:
            continue
        before, after = getattr(earlier, field.attname), getattr(version, field.attname)
        if before != after:
            names = shown.get(field.name, {})
            choices = dict(field.flatchoices)
            yield FieldChange(
                field.name,
                str(field.verbose_name),
                _show(before, names, choices),
                _show(after, names, choices),
            )


def _show(value: Any, names: dict[Any, str], choices: dict[Any, Any]) -> str:
    if value is None or value == "":
        return ""
    return reason_words(str(names.get(value) or choices.get(value) or value))


def effective_version(
    model: type[Record],
    *,
    owner: str,
    day: str,
    known_by: dt.datetime | None = None,
    value: str = "history_id",
) -> Subquery:
    """Return a subquery for the version that was true outside the system on a day: one ``value``.

    ``owner`` and ``day`` name columns of the outer query: the key into ``model`` (Clinic,
    Manufacturer or Vaccine) and a date. Versions of one real-world state share
    ``effective_from`` and differ by corrections: the last correction counts. The first state has
    no ``effective_from`` and reaches back without limit. ``known_by`` leaves out what was
    entered after a moment.
    """
    versions: QuerySet[Any] = model.history.filter(id=OuterRef(owner)).exclude(history_type="-")
    if known_by is not None:
        versions = versions.filter(history_date__lte=known_by)
    on_the_day = versions.filter(
        Q(effective_from__isnull=True) | Q(effective_from__lte=OuterRef(day))
    )
    newest_first = on_the_day.order_by(F("effective_from").desc(nulls_last=True), "-version")
    return Subquery(newest_first.values(value)[:1])
