"""What a token can be for: the one table of scopes.

A scope only narrows what the role of the account allows. The resources of the API name theirs
(``records.api.permissions``); a test compares the two.
"""

from __future__ import annotations

from django.utils.translation import gettext

# The settings read this table, and Django's usual ``gettext_noop`` asks for settings: they would
# start without what is written in them.
from django.utils.translation.trans_real import gettext_noop

# In English, as the OpenAPI document has them.
SCOPES = {
    "reference:read": gettext_noop("Read clinics, manufacturers, vaccines and lots"),
    "reference:write": gettext_noop("Add and change clinics, manufacturers, vaccines and lots"),
    "staffing:read": gettext_noop("Read volunteers and where they are assigned"),
    "staffing:write": gettext_noop("Add and change volunteers and assignments"),
    "patients:read": gettext_noop("Read patients, their identifiers and where they are enrolled"),
    "patients:write": gettext_noop("Register, change, enrol and merge patients"),
    "doses:read": gettext_noop("Read doses, passports and their history"),
    "doses:write": gettext_noop("Record, correct and void doses"),
}


def scope_words(scope: str) -> str:
    """Return what a scope is for, in the language of the reader."""
    return gettext(SCOPES[scope])
