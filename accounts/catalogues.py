"""The catalogues of languages: compiled without GNU gettext, completed with texts of the data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import polib
from django.contrib import admin

from accounts.roles import ROLES
from records.codecs.diseases import disease_names
from records.codecs.eu_names import eu_names
from records.wording import NAMES


def compile_catalogues(folder: Path) -> list[Path]:
    """Compile every catalogue that is younger than what was made of it; return those."""
    compiled = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        # Under a name of its own first: another process may be reading the old one.
        new = target.with_suffix(f".{os.getpid()}.new")
        polib.pofile(str(source)).save_as_mofile(str(new))
        new.replace(target)
        compiled.append(source)
    return compiled


def texts_of_data() -> Iterator[str]:
    """Yield what is shown translated but stands in no call of gettext, in a steady order.

    These are the names of diseases, those of roles, and those of models and fields that the admin
    shows. Names of vaccines, products and makers are names and stay.
    """
    yield from sorted(role.name for role in ROLES)
    yield from sorted({*disease_names().values(), *eu_names("disease").values()})
    shown = admin.site._registry
    yield from sorted({text for model in shown for text in NAMES.get(model, ())})
