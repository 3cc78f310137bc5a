"""The style page: every token and component at work, in development only."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from records.web.charts import Value, rows

COLOURS = [
    "bg",
    "surface",
    "sunken",
    "text",
    "muted",
    "line",
    "line-strong",
    "primary",
    "primary-hover",
    "primary-soft",
    "primary-line",
    "link",
    "accent",
    "accent-soft",
    "focus",
    "ok",
    "ok-soft",
    "ok-line",
    "warn",
    "warn-soft",
    "warn-line",
    "bad",
    "bad-hover",
    "bad-soft",
    "bad-line",
    "info",
    "info-soft",
    "info-line",
    "ink",
    "brand-a",
    "brand-b",
]
SIZES = ("3xl", "2xl", "xl", "lg", "md", "sm", "xs")
SPACES = range(1, 9)
RADII = ("sm", "md", "lg", "full")
SHADOWS = range(1, 4)
STATUSES = (
    ("completed", "Completed"),
    ("active", "Active"),
    ("entered-in-error", "Voided"),
    ("not-done", "Not given"),
    ("retired", "Retired"),
    ("recalled", "Lot recalled"),
    ("expired", "Expired"),
    ("warning", "Look at this"),
    ("info", "For your information"),
)

BARS = [Value("Harbour", 42, "42", "42 doses"), Value("Hill", 17, "17", "17 doses")]


class Example(forms.Form):
    """One field of each kind; sent empty, so that errors are shown too."""

    name = forms.CharField(label="Surname", help_text="As on the passport.")
    born = forms.DateField(label="Date of birth", widget=forms.DateInput(attrs={"type": "date"}))
    lot = forms.ChoiceField(label="Lot", choices=[("", "Choose"), ("1", "FK2210")], required=False)
    note = forms.CharField(label="Note", widget=forms.Textarea, required=False)
    site = forms.ChoiceField(
        label="Side",
        choices=[("l", "Left"), ("r", "Right")],
        widget=forms.RadioSelect,
        initial="l",
        required=False,
    )
    file = forms.FileField(label="File", required=False)
    sure = forms.BooleanField(label="The person has agreed.", required=False)


@login_not_required
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show the page."""
    messages.success(request, "The dose is recorded.")
    messages.error(request, "The lot is not known here.")
    context: dict[str, Any] = {
        "colours": COLOURS,
        "sizes": SIZES,
        "spaces": SPACES,
        "radii": RADII,
        "shadows": SHADOWS,
        "statuses": STATUSES,
        "chart": rows("doses", "Doses", "Doses by clinic", BARS),
        "form": Example(),
        "wrong": Example({}, prefix="wrong"),
    }
    return render(request, "styleguide.html", context)
