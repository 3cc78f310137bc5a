"""What the forms of the clinic workspace let a person choose from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from records import access
from records.codecs.gs1 import Vial
from records.models import Lot, Manufacturer, Vaccine

# A dose written down on paper in the meantime may name a lot that cannot be used any more.
LATE = dt.timedelta(days=60)

Options = list[tuple[str, Any]]


def usable_lots(user: Any, day: dt.date) -> QuerySet[Lot]:
    """Return the lots from which a dose may be given on a day."""
    return _lots(user).filter(
        Q(expires_on__isnull=True) | Q(expires_on__gte=day),
        Q(recalled_on__isnull=True) | Q(recalled_on__gt=day),
        Q(vaccine__retired_on__isnull=True) | Q(vaccine__retired_on__gte=day),
    )


def lots_of_vial(user: Any, day: dt.date, vial: Vial) -> list[Lot]:
    """Return the usable lots of a vial's number: one for each manufacturer that has it."""
    return list(usable_lots(user, day).filter(number=vial.lot_number).order_by("id"))


def lots_to_record(user: Any, day: dt.date, also: Lot | None = None) -> QuerySet[Lot]:
    """Return the usable lots, those usable until lately, and ``also`` one that is named already."""
    lately = Q(expires_on__range=(day - LATE, day)) | Q(recalled_on__range=(day - LATE, day))
    chosen = Q(pk__in=usable_lots(user, day).values("pk")) | lately
    if also is not None:
        chosen |= Q(pk=also.pk)
    return _lots(user).filter(chosen)


def lot_options(lots: Iterable[Lot], day: dt.date) -> Options:
    """Return the options of a select: lots by vaccine, those past their use at the end."""
    lots = sorted(lots, key=lambda lot: (lot.vaccine.short_name, lot.vaccine_id, lot.number))
    usable = [lot for lot in lots if not is_past(lot, day)]
    options: Options = [("", _("Choose a lot"))]
    for vaccine, group in groupby(usable, key=lambda lot: lot.vaccine):
        options.append((vaccine.short_name, [_lot_option(lot) for lot in group]))
    if past := [lot for lot in lots if is_past(lot, day)]:
        label = _("Expired or recalled: only for a dose given before")
        options.append((label, [_lot_option(lot) for lot in past]))
    return options


def vaccines(user: Any, day: dt.date, also: Vaccine | None = None) -> QuerySet[Vaccine]:
    """Return the vaccines in use on a day, and ``also`` one that is named already."""
    chosen = Q(retired_on__isnull=True) | Q(retired_on__gte=day)
    if also is not None:
        chosen |= Q(pk=also.pk)
    return access.visible_to(user, Vaccine).filter(chosen).order_by("short_name", "id")


def manufacturers(user: Any) -> QuerySet[Manufacturer]:
    """Return all manufacturers: a paper card may name one that is retired here."""
    return access.visible_to(user, Manufacturer).order_by("name", "id")


def is_past(lot: Lot, day: dt.date) -> bool:
    """Tell whether a lot had expired or was recalled by a day."""
    expired = lot.expires_on is not None and lot.expires_on < day
    return expired or (lot.recalled_on is not None and lot.recalled_on <= day)


def _lots(user: Any) -> QuerySet[Lot]:
    return access.visible_to(user, Lot).select_related("vaccine", "manufacturer")


def _lot_option(lot: Lot) -> tuple[str, str]:
    # A closed select shows this alone, and on a phone its beginning only.
    label = f"{lot.number} · {lot.vaccine.short_name} · {lot.manufacturer.name}"
    if lot.recalled_on is not None:
        label += " · " + _("recalled %(day)s") % {"day": date_format(lot.recalled_on)}
    elif lot.expires_on is not None:
        label += " · " + _("expires %(day)s") % {"day": date_format(lot.expires_on)}
    return str(lot.public_id), label
