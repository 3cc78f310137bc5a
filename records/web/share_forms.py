"""The form that makes a link to a record."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.domain.share_links import LONGEST_PASSCODE, SHORTEST_PASSCODE
from records.models import ShareLink
from records.web.forms import DomainForm

NEVER = "never"
DURATIONS = {
    "1": _("A day"),
    "7": _("A week"),
    "30": _("A month"),
    "365": _("A year"),
    NEVER: _("Until I withdraw it"),
}


class ShareForm(DomainForm):
    """Share a record by a link."""

    shown_at = {"expires_at": "lasts"}

    label = forms.CharField(
        label=_("For whom or what"),
        max_length=ShareLink._meta.get_field("label").max_length,
        required=False,
        help_text=_("E.g. “School”. Whoever gets the link sees these words too."),
    )
    lasts = forms.ChoiceField(
        label=_("How long does it work?"),
        choices=list(DURATIONS.items()),
        initial="7",
        widget=forms.RadioSelect,
    )
    passcode = forms.CharField(
        label=_("Passcode"),
        required=False,
        min_length=SHORTEST_PASSCODE,
        max_length=LONGEST_PASSCODE,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "At least six characters. Tell it by another way than the link: somebody who gets"
            " only one of the two sees nothing. It is not shown again."
        ),
    )
    views_allowed = forms.IntegerField(
        label=_("How often can it be opened?"),
        required=False,
        min_value=1,
        help_text=_("Leave it empty for any number of times."),
    )

    def values(self) -> dict[str, Any]:
        """Return the arguments of ``create_share_link``."""
        data = dict(self.cleaned_data)
        lasts = data.pop("lasts")
        days = None if lasts == NEVER else dt.timedelta(days=int(lasts))
        return {**data, "expires_at": days and timezone.now() + days}
