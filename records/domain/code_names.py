"""Names of the codes that signed codes hold, from the reference tables: public, like the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from records.codecs.diseases import disease_names
from records.codecs.eu_names import eu_names
from records.models import EuProduct, Vaccine


class CodeNames(NamedTuple):
    """Names by code. ``vaccines`` has the CVX codes of cards, ``prophylaxis`` those of the EU."""

    vaccines: Mapping[str, str]
    prophylaxis: Mapping[str, str]
    products: Mapping[str, str]
    holders: Mapping[str, str]
    diseases: Mapping[str, str]


def code_names() -> CodeNames:
    """Return all names, retired vaccines included: old codes state them."""
    return CodeNames(
        vaccines=dict(Vaccine.objects.order_by("cvx_code").values_list("cvx_code", "short_name")),
        prophylaxis=eu_names("prophylaxis"),
        products=dict(EuProduct.objects.order_by("code").values_list("code", "name")),
        holders=eu_names("manufacturer"),
        diseases={**disease_names(), **eu_names("disease")},
    )
