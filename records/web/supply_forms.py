"""The forms of the supply pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from records.domain.notices import LONGEST
from records.web.forms import CorrectionForm, DomainForm, date_field


class RecallForm(CorrectionForm):
    """From which day on a lot is withdrawn, and why."""

    field_order = ["recalled_on", "reason", "version"]

    recalled_on = date_field(
        _("First day without doses"),
        help_text=_("No dose on or after this day. Doses given before stay valid."),
    )


class NoticeForm(DomainForm):
    """What the notices say besides what they always say."""

    message = forms.CharField(
        label=_("Message"),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "What people should do, and whom to call. Do not name the lot or the vaccine: others"
            " may read the mail."
        ),
    )

    def values(self) -> dict[str, Any]:
        """Return the arguments of ``queue_recall_notices``."""
        return self.cleaned_data
