"""Every text that people read is in every language, and none stands outside of gettext."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import polib
import pytest
from django import forms
from django.conf import settings
from django.forms.utils import pretty_name
from django.utils import translation

LANGUAGES = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
PLACE = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")
# What a person sees or hears, though it is no text between tags.
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt|content)="([^"]*)"')
# Names, abbreviations and what stands in a machine's places.
NAMES = re.compile(
    r"VaxPass|UTC|CVX|&\w+;|width=device-width.*|light dark|no(index|follow|-referrer)"
)
UNREAD = {"styleguide.html"}  # for developers
UNDRAWN = {"WaitingForm"}  # filled in by a script alone


def catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(settings.LOCALE_PATHS[0] / language / "LC_MESSAGES" / "django.po"))


def described(entries: list[polib.POEntry]) -> str:
    return f"{len(entries)}: " + "; ".join(entry.msgid[:60] for entry in entries[:20])


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_lacks_no_text(language: str) -> None:
    entries = catalogue(language)
    lacking = [*entries.untranslated_entries(), *entries.fuzzy_entries()]

    assert not lacking, described(lacking)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translation_has_the_places_of_its_text(language: str) -> None:
    wrong = []
    for entry in catalogue(language).translated_entries():
        allowed = sorted(PLACE.findall(entry.msgid))
        if entry.msgid_plural:
            # One and two may be words; no form has a place that the text lacks.
            known = {*allowed, *PLACE.findall(entry.msgid_plural)}
            if any({*PLACE.findall(form)} - known for form in entry.msgstr_plural.values()):
                wrong.append(entry)
        elif sorted(PLACE.findall(entry.msgstr)) != allowed:
            wrong.append(entry)

    assert not wrong, described(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_says_nothing_of_when_or_where_it_was_made(language: str) -> None:
    path = settings.LOCALE_PATHS[0] / language / "LC_MESSAGES" / "django.po"
    text = path.read_text(encoding="utf-8")

    assert "POT-Creation-Date" not in text
    assert "\n#: " not in text
    assert "\n#~ " not in text


def templates() -> list[Path]:
    root = settings.BASE_DIR / "templates"
    return sorted(
        path
        for path in root.rglob("*")
        if path.suffix in (".html", ".txt") and path.name not in UNREAD
    )


def literal_texts(source: str) -> list[str]:
    """Return the words of a template that no tag of gettext holds."""
    for left_out in (
        r"\{% comment.*?endcomment %\}",
        r"\{#.*?#\}",
        r"\{% blocktrans(?:late)?\b.*?endblocktrans(?:late)? %\}",
        r"<(script|style|svg|code)\b.*?</\1>",
        r"\{% block (?:coltype|bodyclass) %\}.*?\{% endblock %\}",  # classes
    ):
        source = re.sub(left_out, "", source, flags=re.S)
    plain = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "\0", source, flags=re.S)
    found = [part for value in SPOKEN.findall(plain) for part in value.split("\0")]
    # A quoted ">" ends no tag.
    plain = re.sub(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", "\0", plain)
    found += (part for part in re.split("[\0\n]", plain) if not part.startswith("<"))
    return [text.strip() for text in found if re.search("[A-Za-z]{2}", NAMES.sub("", text))]


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_template_has_no_text_outside_of_gettext(path: Path) -> None:
    assert literal_texts(path.read_text(encoding="utf-8")) == []


def test_scanner_finds_what_was_forgotten() -> None:
    assert literal_texts('<p class="x">Hello <b>{{ name }}</b></p>') == ["Hello"]
    assert literal_texts('<a aria-label="Close {{ x }}">{% translate "Close" %}</a>') == ["Close"]
    assert literal_texts("{% blocktranslate %}Hello{% endblocktranslate %}") == []


def forms_below(parent: Any) -> Iterator[Any]:
    for form in parent.__subclasses__():
        yield form
        yield from forms_below(form)


def shown_texts(form: type) -> Iterator[str]:
    """Yield what stands beside the fields of a form that are not hidden."""
    for name, field in getattr(form, "base_fields", {}).items():
        if not field.widget.is_hidden:
            yield pretty_name(name) if field.label is None else str(field.label)
            yield str(field.help_text)


def test_no_field_of_a_form_is_english_in_arabic() -> None:
    import_module(settings.ROOT_URLCONF)
    ours = {
        form
        for form in forms_below(forms.BaseForm)
        if form.__module__.startswith(("records.", "accounts.")) and form.__name__ not in UNDRAWN
    }
    with translation.override("ar"):
        english = {
            f"{form.__module__}.{form.__name__}: {text}"
            for form in ours
            for text in shown_texts(form)
            if re.search("[A-Za-z]{3}", text) and not re.search("[\u0621-\u064a]", text)
        }

    assert len(ours) > 50
    assert english == set()
