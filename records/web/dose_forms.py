"""The forms about a dose: what a person types, never a rule of the record store."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.db.models import Q
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from records import access
from records.domain.screening import questions_on
from records.models import (
    Assignment,
    Attention,
    Dose,
    DoseStatus,
    Lot,
    Route,
    ScreeningQuestion,
    Site,
    Volunteer,
)
from records.web import choices
from records.web.forms import CorrectionForm, DomainForm, date_field, offer_lots
from records.web.shift import Shift


class DoseForm(DomainForm):
    """What all forms about a dose have in common: the day, and the lists to choose from."""

    fixed: ClassVar[dict[str, Any]] = {}
    """What this kind of dose says without being asked."""

    administered_on = date_field(_("Date"))

    def __init__(self, *args: Any, shift: Shift, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shift = shift
        self.today: dt.date = shift.clinic.today()
        self.fields["administered_on"].widget.attrs["max"] = self.today.isoformat()

    def add_lot(self, also: Lot | None = None, *, late: bool = True) -> None:
        """Ask for the lot; only a dose of another day may be from one that is past its use."""
        field = forms.ModelChoiceField(
            Lot.objects.none(),
            label=_("Lot"),
            to_field_name="public_id",
            initial=self.shift.lot,
            help_text=_("Compare it with the number on the vial."),
        )
        offered = choices.lots_to_record if late else choices.usable_lots
        rows = offered(self.shift.user, self.today, *([also] if also else []))
        offer_lots(field, rows, self.today)
        self.fields["lot"] = field

    def add_vaccine(self, dose: Dose | None = None) -> None:
        """Ask for the vaccine."""
        also = dose.vaccine if dose else None
        self.fields["vaccine"] = forms.ModelChoiceField(
            choices.vaccines(self.shift.user, self.today, also),
            label=_("Vaccine"),
            to_field_name="public_id",
            empty_label=_("Choose a vaccine"),
        )

    def add_manufacturer(self) -> None:
        """Ask for the manufacturer, where it is known."""
        self.fields["manufacturer"] = forms.ModelChoiceField(
            choices.manufacturers(self.shift.user),
            label=_("Manufacturer"),
            to_field_name="public_id",
            required=False,
            empty_label=_("Not known"),
        )

    def add_site_and_route(self) -> None:
        """Ask where on the body and how it was given."""
        for name, label, help_text, options in (
            ("site", _("Site on the body"), _("The patient's left and right."), Site.choices),
            ("route", _("Route"), _("As in the leaflet of the vaccine."), Route.choices),
        ):
            self.fields[name] = forms.ChoiceField(
                label=label,
                help_text=help_text,
                choices=[("", _("Not stated")), *options],
                required=False,
                initial=getattr(self.shift, name),
            )

    def add_status_reason(self) -> None:
        """Ask why it was not given."""
        self.fields["status_reason"] = forms.CharField(
            label=_("Why it was not given"),
            max_length=500,
            help_text=_("E.g. fever, refused, out of stock."),
        )

    def add_volunteer(self, volunteers: Any, initial: Volunteer) -> None:
        """Ask who gave it, where there is a choice."""
        self.fields["volunteer"] = field = forms.ModelChoiceField(
            volunteers,
            label=_("Given by"),
            to_field_name="public_id",
            empty_label=None,
            initial=initial,
        )
        if volunteers.count() == 1:
            field.widget = forms.HiddenInput()

    def colleagues(self) -> Any:
        """Return the visible volunteers who work at the clinic of the shift today."""
        user, day = self.shift.user, self.today
        working = access.visible_to(user, Assignment).filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=day),
            clinic=self.shift.clinic,
            starts_on__lte=day,
        )
        return access.visible_to(user, Volunteer).filter(pk__in=working.values("volunteer"))


class NewDoseForm(DoseForm):
    """A dose to record; its token lets a form that is sent twice record once.

    ``late`` asks for the day: it was not today.
    """

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, late: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.late = late or self._names_earlier_day()
        self.fields["administered_on"].initial = None if late else self.today

    def _names_earlier_day(self) -> bool:
        typed = self.data.get("administered_on", "") if self.is_bound else ""
        return typed != "" and typed < self.today.isoformat()

    def values(self) -> dict[str, Any]:
        """Return the arguments of ``record_dose``."""
        asked = {name: value for name, value in self.cleaned_data.items() if name != "token"}
        return {**self.fixed, **asked}


class GivenForm(NewDoseForm):
    """A dose given at the clinic of the shift."""

    field_order = ["concerns", "asked", "lot", "administered_on", "site", "route", "volunteer"]
    shown_at: ClassVar[dict[str, str]] = {"screening": "asked"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = {
            str(question.public_id): question
            for question in questions_on(by=self.shift.user, day=self.today)
        }
        if self.questions:
            self.add_questions()
        self.add_lot(late=self.late)
        self.add_site_and_route()
        # Who sees no other volunteer gave it: nothing to ask, and nothing to look up.
        if self.shift.user.has_perm("records.view_volunteer"):
            self.add_volunteer(self.colleagues(), self.shift.volunteer())
        self.order_fields(self.field_order)

    def add_questions(self) -> None:
        """Ask what needs attention: each question is a box for the answer that does."""
        self.fields["concerns"] = forms.MultipleChoiceField(
            label=_("Ask before the dose, and tick what applies"),
            help_text=_("After a tick you read what to consider before you go on."),
            choices=[(key, _question_words(each)) for key, each in self.questions.items()],
            widget=forms.CheckboxSelectMultiple,
            required=False,
        )
        self.fields["asked"] = forms.BooleanField(
            label=_("I asked every question; nothing else applies"),
            error_messages={"required": _("Ask the questions first, then tick this.")},
        )

    def values(self) -> dict[str, Any]:
        """Add the clinic, the answers, and oneself where nobody else could have given it."""
        values = super().values()
        values.pop("asked", None)
        ticked = values.pop("concerns", [])
        values["answers"] = {
            question: question.attention if key in ticked else _other(question.attention)
            for key, question in self.questions.items()
        }
        values.setdefault("volunteer", self.shift.volunteer())
        return {**values, "clinic": self.shift.clinic}


class NotGivenForm(NewDoseForm):
    """A dose that was due and was not given."""

    fixed: ClassVar[dict[str, Any]] = {"status": DoseStatus.NOT_DONE}
    field_order = ["vaccine", "administered_on", "status_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_vaccine()
        self.add_status_reason()
        self.order_fields(self.field_order)

    def values(self) -> dict[str, Any]:
        """Add where it would have been given, and by whom."""
        here = {"clinic": self.shift.clinic, "volunteer": self.shift.volunteer()}
        return {**super().values(), **here}


class OutsideForm(NewDoseForm):
    """A dose given elsewhere, copied from a paper card or another country's record."""

    fixed: ClassVar[dict[str, Any]] = {"primary_source": False}
    field_order = ["vaccine", "manufacturer", "administered_on"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_vaccine()
        self.add_manufacturer()
        self.fields["administered_on"].initial = None
        self.order_fields(self.field_order)


class AmendForm(CorrectionForm, DoseForm):
    """Correct a dose; it asks for what this dose names."""

    field_order = [
        "lot",
        "vaccine",
        "manufacturer",
        "administered_on",
        "site",
        "route",
        "volunteer",
        "status_reason",
        "reason",
    ]

    def __init__(self, *args: Any, dose: Dose, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if dose.lot_number is not None:
            self.add_lot(also=dose.lot)
        else:
            self.add_vaccine(dose)
        if dose.status == DoseStatus.COMPLETED:
            self._add_how(dose)
        else:
            self.add_status_reason()
        self.initial.update(
            {name: getattr(dose, name) for name in self.fields if hasattr(dose, name)}
        )
        self.order_fields(self.field_order)

    def _add_how(self, dose: Dose) -> None:
        """Ask what only a dose that was given has."""
        if dose.lot_number is None:
            self.add_manufacturer()
        self.add_site_and_route()
        colleagues = self.colleagues()
        if dose.volunteer is not None and colleagues.filter(pk=dose.volunteer.pk).exists():
            self.add_volunteer(colleagues, dose.volunteer)

    def changes(self) -> dict[str, Any]:
        """Return the changes of ``amend_dose``."""
        data = self.cleaned_data
        return {name: data[name] for name in data if name not in ("reason", "version")}


def _other(answer: str) -> Attention:
    return Attention.NO if answer == Attention.YES else Attention.YES


def _question_words(question: ScreeningQuestion) -> Any:
    """Return a question with the answer that its box stands for, and the help below it."""
    answer = _("Yes") if question.attention == Attention.YES else _("No")
    words = format_html("<bdi>{}</bdi> <strong>{}</strong>", question.text, answer)
    if question.help_text:
        words += format_html(
            '<br><small class="form-text"><bdi>{}</bdi></small>', question.help_text
        )
    return format_html("<span>{}</span>", words)
