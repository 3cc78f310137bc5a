"""Forms that write through a domain function while they are validated.

The write happens as the last step of ``is_valid()``: whatever the domain refuses becomes an error
of the field it names, and a valid form has already written. Nothing here repeats a rule.
"""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records import history
from records.domain.errors import ConfirmationRequired, StaleVersion
from records.models import Patient, Record
from records.wording import Text, reason_words

REASON, REASON_LENGTH = gettext_lazy("Reason"), 500


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field of a stale change: as the person saw it, as they want it, as it is now.

    ``yours`` is None where the person changed nothing.
    """

    label: str
    seen: str
    yours: str | None
    current: str

    @property
    def values(self) -> tuple[str, str, str | None]:
        """Return the three, in the order of the page's columns."""
        return self.seen, self.current, self.yours


def add_domain_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """Put each message of a domain error on its field; what the form does not show goes on top."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, messages in error.error_dict.items():
        if name == NON_FIELD_ERRORS or name not in form.fields:
            form.add_error(None, messages)
        else:
            form.add_error(name, messages)


def reason_field(label: Text = REASON) -> forms.CharField:
    """Return the field that every correction has."""
    return forms.CharField(
        label=label,
        max_length=REASON_LENGTH,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        help_text=gettext_lazy("Kept with the new version."),
    )


class RecordForm(forms.ModelForm):
    """Adds a record. ``user`` is set on the class that is made for one request.

    A subclass says in ``write`` which domain function takes the fields. ``warnings`` are the
    rules that a person may overrule; their codes come back in ``confirmed``.
    """

    user: ClassVar[Any] = None
    warnings: ClassVar[Mapping[str, Text]] = {}
    conflicts: list[Conflict]
    open_warnings: bool = False

    confirmed = forms.MultipleChoiceField(
        required=False, label=gettext_lazy("Record anyway"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the warnings that this kind of record knows."""
        super().__init__(*args, **kwargs)
        self.conflicts = []
        field: Any = self.fields["confirmed"]
        field.choices = [*self.warnings.items()]

    @abstractmethod
    def write(self) -> Record:
        """Call the domain function and return what it returns."""

    def values(self, names: Iterable[str]) -> dict[str, Any]:
        """Return these cleaned fields, as far as the form shows them."""
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}

    def _post_clean(self) -> None:
        """Write instead of validating a copy of the rules; errors land on their fields."""
        if self.errors:
            return
        try:
            self.instance = self.write()
        except ValidationError as error:
            add_domain_errors(self, error)
        except ConfirmationRequired as question:
            self._ask(question)
        except StaleVersion as error:
            self._compare(error)

    def _ask(self, question: ConfirmationRequired) -> None:
        self.open_warnings = True
        confirmed = self.cleaned_data.get("confirmed", [])
        codes = {*confirmed, *question.warnings}
        field: Any = self.fields["confirmed"]
        field.choices = [
            (code, question.warnings.get(code) or text)
            for code, text in self.warnings.items()
            if code in codes
        ]
        self.add_error(None, _("Please judge the warning, then tick it and save again."))

    def _compare(self, error: StaleVersion) -> None:
        """Show what was seen, what is wanted and what is there now."""
        self.add_error(None, ValidationError(str(error), code="stale"))
        record = error.current
        since = {change.field: change for change in history.changes_since(record, error.seen)}
        for name, change in since.items():
            yours = self._wanted(record, name) if name in self.changed_data else None
            self.conflicts.append(Conflict(change.label, change.before, yours, change.after))
        for name in self.changed_data:
            if name in since or name not in {field.name for field in record._meta.fields}:
                continue
            now = shown(record, name)
            label = str(self.fields[name].label)
            self.conflicts.append(Conflict(label, now, self._wanted(record, name), now))

    def _wanted(self, record: Record, name: str) -> str:
        return shown_value(record, name, self.cleaned_data.get(name))


def shown(holder: Any, name: str) -> str:
    """Return a field of a record, or of one of its versions, as people read it."""
    try:
        return shown_value(holder, name, getattr(holder, name))
    except ObjectDoesNotExist:
        return _("deleted record %(holder)s") % {"holder": getattr(holder, f"{name}_id")}


def shown_value(holder: Any, name: str, value: Any) -> str:
    """Return a value of a field as people read it."""
    choices = dict(getattr(holder._meta.get_field(name), "flatchoices", ()))
    value = choices.get(value, value) if choices else value
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return "" if value is None else reason_words(str(value))


class ChangeForm(RecordForm):
    """Corrects a record: names the version that was seen and says why."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=True)
    reason = reason_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Remember the version that the page shows."""
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version

    def changes(self, allowed: Iterable[str]) -> dict[str, Any]:
        """Return the allowed fields that the person changed."""
        return self.values(name for name in self.changed_data if name in allowed)

    @property
    def seen(self) -> int:
        """Return the version that the person saw."""
        version: int = self.cleaned_data["seen_version"]
        return version


def patients_chosen_in(form: forms.BaseForm) -> list[Patient]:
    """Return the patients whose names a form shows as chosen already."""
    chosen = []
    for name, field in form.fields.items():
        if getattr(getattr(field, "queryset", None), "model", None) is not Patient:
            continue
        try:
            patient = field.clean(form[name].value())
        except ValidationError:
            continue
        chosen += [patient] if patient else []
    return chosen


class EndForm(ChangeForm):
    """Sets the end of a period, which corrects nothing and needs no reason."""

    reason = None  # type: ignore[assignment]


def label_with(*parts: object) -> str:
    """Join what tells two similar records apart."""
    return " · ".join(str(part) for part in parts if part not in ("", None))


def describe(record: Model) -> str:
    """Return a record's name with what tells it apart, for choosers."""
    match record._meta.model_name:
        case "patient":
            born = _("born %(day)s") % {"day": record.date_of_birth}  # type: ignore[attr-defined]
            return label_with(record, born)
        case "lot":
            maker, vaccine = record.manufacturer, record.vaccine  # type: ignore[attr-defined]
            return label_with(record, maker, vaccine.short_name)
        case "volunteer" | "clinic":
            return label_with(record, record.code)  # type: ignore[attr-defined]
        case "manufacturer":
            return label_with(record, record.mvx_code)  # type: ignore[attr-defined]
    return str(record)
