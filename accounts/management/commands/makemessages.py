"""Bring the catalogues of languages up to date with the code; needs GNU gettext."""

from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.commands import makemessages

from accounts.catalogues import texts_of_data

IGNORED = ("tests/*", ".venv/*", "var/*", "frontend/*", "static/*")
COLLECTED = "collected_texts.py"


class Command(makemessages.Command):
    """Django's, for every language that the site offers, with a result that only texts change.

    No line numbers, no date, in the order of the texts: a diff shows what was written. A text
    that only resembles an old one is left open instead of guessed.
    """

    help = "Extract every text into locale/ (needs GNU gettext)."
    msgmerge_options = ["-q", "--backup=none", "--previous", "--update", "--no-fuzzy-matching"]

    def handle(self, *args: Any, **options: Any) -> None:
        """Extract, merge and tidy up."""
        folder = Path(settings.LOCALE_PATHS[0])
        folder.mkdir(exist_ok=True)
        options["locale"] = [code for code, _name in settings.LANGUAGES if code != "en"]
        options["ignore_patterns"] = [*options["ignore_patterns"], *IGNORED]
        options["extensions"] = ["html", "txt", "py"]
        options["no_location"] = options["no_obsolete"] = True
        collected = Path(settings.BASE_DIR) / "accounts" / COLLECTED
        lines = [f"gettext_noop({text!r})" for text in texts_of_data()]
        collected.write_text("\n".join(["# Translators: names in data", *lines, ""]))
        try:
            super().handle(*args, **options)
        finally:
            collected.unlink()
        for path in sorted(folder.glob("*/LC_MESSAGES/django.po")):
            catalogue = polib.pofile(str(path), wrapwidth=100)
            catalogue.metadata_is_fuzzy = False
            catalogue.metadata = {
                "Project-Id-Version": "VaxPass",
                "Language": path.parent.parent.name,
                "Plural-Forms": catalogue.metadata["Plural-Forms"],
                "MIME-Version": "1.0",
                "Content-Type": "text/plain; charset=UTF-8",
                "Content-Transfer-Encoding": "8bit",
            }
            catalogue.sort(key=lambda entry: (entry.msgid, entry.msgctxt or ""))
            catalogue.save()
