"""Consequential steps on one record, each behind a page that asks first."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from records.access import OutOfSight
from records.admin.forms import add_domain_errors, patients_chosen_in, reason_field
from records.domain.errors import StaleVersion
from records.domain.reading import RECORD, named_by, note_read
from records.models import Record
from records.wording import Text

Facts = list[tuple[Text, Any]]


def day_field(label: Text, help_text: Text = "") -> forms.DateField:
    """Return a day with the browser's own picker."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, widget=widget)


class ActForm(forms.Form):
    """What every act asks for: the version that was seen, and why."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    reason = reason_field()

    def __init__(self, *args: Any, record: Record, user: Any, **kwargs: Any) -> None:
        """Remember the record that the page is about and who looks at it."""
        self.record, self.user = record, user
        kwargs["initial"] = {"seen_version": record.version, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)


class Act(ABC):
    """One step: its page, whom it is offered to, and the domain function that takes it."""

    slug: ClassVar[str]
    label: ClassVar[Text]
    permission: ClassVar[str]
    done: ClassVar[Text]
    title: ClassVar[Text] = ""
    submit: ClassVar[Text] = ""
    danger: ClassVar[bool] = False
    form: ClassVar[type[ActForm]] = ActForm
    template: ClassVar[str] = "admin/confirmation.html"

    def applies(self, record: Any) -> bool:
        """Tell whether the step makes sense for the record as it is."""
        return True

    def lead(self, record: Any) -> Text:
        """Return the sentence that says what will happen."""
        return ""

    def facts(self, record: Any) -> Facts:
        """Return what a person should know before going on."""
        return []

    def warnings(self, record: Any) -> list[Text]:
        """Return what a person should mind before going on."""
        return []

    def more(self, record: Any) -> dict[str, Any]:
        """Return what else the template shows."""
        return {}

    def initial(self, record: Any) -> dict[str, Any]:
        """Return what the form starts with."""
        return {}

    @abstractmethod
    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> Any:
        """Call the domain function."""


class ActsMixin:
    """Gives a ModelAdmin its acts: their addresses, their links and their one view."""

    acts: tuple[type[Act], ...] = ()
    admin_site: Any
    model: Any
    opts: Any

    def act_urls(self) -> list[URLPattern]:
        """Return one address per act."""
        return [
            path(
                f"<path:object_id>/{act.slug}/",
                self.admin_site.admin_view(functools.partial(self.act_view, act=act())),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{act.slug}",
            )
            for act in self.acts
        ]

    def acts_for(self, request: HttpRequest, record: Any) -> list[dict[str, Any]]:
        """Return the links to the steps that this person can take with this record now."""
        return [
            {
                "label": act.label,
                "danger": act.danger,
                "url": reverse(
                    f"admin:{self.opts.app_label}_{self.opts.model_name}_{act.slug}",
                    args=[record.pk],
                ),
            }
            for act in self.acts
            if self._may(request, act) and act().applies(record)
        ]

    def _may(self, request: HttpRequest, act: type[Act] | Act) -> bool:
        user: Any = request.user
        return user.has_perm(f"records.{act.permission}")

    def act_view(self, request: HttpRequest, object_id: str, act: Act) -> HttpResponse:
        """Ask, and on the answer take the step."""
        if not self._may(request, act):
            raise PermissionDenied
        record = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if record is None:
            raise Http404
        if not act.applies(record):
            messages.warning(
                request,
                _("“%(label)s” does not apply to this record any more.") % {"label": act.label},
            )
            return HttpResponseRedirect(self.change_url(record))
        form = act.form(
            request.POST if request.method == "POST" else None,
            record=record,
            user=request.user,
            initial=act.initial(record),
        )
        if request.method == "POST" and form.is_valid():
            answer = self._perform(request, act, record, form)
            if answer is not None:
                return answer
        return self._ask(request, act, record, form)

    def _perform(
        self, request: HttpRequest, act: Act, record: Any, form: ActForm
    ) -> HttpResponse | None:
        """Take the step; return None when the form has an error to show instead."""
        data = dict(form.cleaned_data)
        version = data.pop("seen_version")
        try:
            result = act.perform(by=request.user, record=record, version=version, data=data)
        except ValidationError as error:
            add_domain_errors(form, error)
            return None
        except StaleVersion as error:
            form.add_error(
                None, _("%(error)s Look at it again before you go on.") % {"error": error}
            )
            return None
        except OutOfSight as error:
            raise Http404 from error
        if isinstance(result, HttpResponse):
            return result
        messages.success(request, act.done)
        return HttpResponseRedirect(self.change_url(record))

    def _ask(self, request: HttpRequest, act: Act, record: Any, form: ActForm) -> HttpResponse:
        named = [*named_by([record]), *patients_chosen_in(form)]
        note_read(by=request.user, patients=named, what=RECORD)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{act.title or act.label}: {record}",
            "opts": self.opts,
            "object": record,
            "lead": act.lead(record),
            "facts": act.facts(record),
            "warnings": act.warnings(record),
            "form": form,
            "submit_label": act.submit or act.label,
            "danger": act.danger,
            **act.more(record),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, act.template, context)

    def change_url(self, record: Any) -> str:
        """Return the address of a record's own page."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[record.pk])


def doses_counted(number: int) -> str:
    """Return a number of doses with its noun."""
    return ngettext("%(count)s dose", "%(count)s doses", number) % {"count": grouped(number)}


def patients_counted(number: int) -> str:
    """Return a number of patients with its noun."""
    return ngettext("%(count)s patient", "%(count)s patients", number) % {"count": grouped(number)}


def grouped(number: int) -> str:
    """Return a number as the reader's language groups its digits."""
    return number_format(number, force_grouping=True)
