"""How a dose is put into words for a person, and a text into a QR code."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from records.codecs import qr
from records.codecs.diseases import disease_name
from records.domain.passports import PassportDose
from records.models import Route, Site
from records.wording import listed


@dataclass(frozen=True, slots=True)
class DoseRow:
    """One completed dose with its words; ``number`` is empty where the series differ."""

    dose: PassportDose
    number: int | None
    series: list[str]
    how: str


def dose_row(dose: PassportDose) -> DoseRow:
    """Return a dose of a passport with the words that a page shows."""
    ranks = set(dose.positions.values())
    site = str(Site(dose.site).label) if dose.site else ""
    route = str(Route(dose.route).label) if dose.route else ""
    return DoseRow(
        dose,
        ranks.pop() if len(ranks) == 1 else None,
        series_words(dose.positions),
        listed(part for part in (site, route.lower()) if part),
    )


def series_words(positions: Mapping[str, int]) -> list[str]:
    """Return the place in each series, diseases of the same place together."""
    together: dict[int, list[str]] = {}
    for code, rank in positions.items():
        together.setdefault(rank, []).append(code)
    return [
        _("Dose %(rank)d · %(diseases)s") % {"rank": rank, "diseases": disease_words(codes)}
        for rank, codes in sorted(together.items())
    ]


def disease_words(codes: Iterable[str]) -> str:
    """Return the names of diseases (SNOMED CT), in order."""
    return listed(sorted(_(disease_name(code)) for code in codes))


def qr_picture(text: str) -> str:
    """Return the QR code of a text as an address that an image element shows."""
    return f"data:image/svg+xml;base64,{base64.b64encode(qr.svg(text).encode()).decode()}"
