"""Words in the language of the reader: names of models and fields, lists, data in a sentence.

Names and help of models and fields are written once, in English, where the model is; Django would
show them as they stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, gettext_noop, pgettext

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    Text = StrOrPromise
else:
    Text = str
"""What somebody reads: in the language of now, or of the moment at which it is shown."""

UNDONE = gettext_noop("Undone by who recorded it.")
"""Why a dose is void that the button of undo voided: kept in English, like every reason of ours."""

NAMES: defaultdict[type[models.Model], set[str]] = defaultdict(set)
"""The English texts of each model, for the catalogue."""


def translate_names(app: AppConfig) -> None:
    """Let the models of an application say what they and their fields are called in any language.

    Migrations keep the English words: they come from where these were written.
    """
    for model in app.get_models(include_auto_created=True):
        for named, attribute in list(_texts(model)):
            text = str(getattr(named, attribute))
            NAMES[model].add(text)
            setattr(named, attribute, gettext_lazy(text))


def _texts(model: type[models.Model]) -> Iterator[tuple[Any, str]]:
    """Yield what is English still: a text of the libraries that we build on has its own."""
    options = model._meta
    yield options, "verbose_name_plural"  # before the other: it is made from it
    yield options, "verbose_name"
    for field in options.local_fields + options.local_many_to_many:
        for attribute in ("verbose_name", "help_text"):
            text = getattr(field, attribute)
            if text and not isinstance(text, Promise):
                yield field, attribute


def listed(parts: Iterable[str]) -> str:
    """Return several things in a row, parted as the reader's language does it."""
    return pgettext("list separator", ", ").join(parts)


def isolated(text: str) -> str:
    """Return a value that keeps its own direction within a text (UAX #9); for what is no HTML."""
    return f"\u2068{text}\u2069" if text else text


def reason_words(reason: str) -> str:
    """Return a kept reason as it is read: one of ours in any language, a person's as typed."""
    return gettext(reason) if reason == UNDONE else reason
