"""Admin pages of what is no record: a form that writes while it is validated, with an audit."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse

from records.admin.forms import add_domain_errors


class WritingForm(forms.ModelForm):
    """Writes as the last step of validation; what is refused lands on its field."""

    manager: ClassVar[Any] = None  # who fills it in

    @abstractmethod
    def write(self) -> Any:
        """Write, and return the row; raise ``ValidationError``."""

    def _post_clean(self) -> None:
        if self.errors:
            return
        try:
            self.instance = self.write()
        except ValidationError as error:
            add_domain_errors(self, error)

    def _save_m2m(self) -> None:
        """Do nothing: a valid form has written."""


class WrittenByForm:
    """A ``ModelAdmin`` whose rows are written by a `WritingForm`, and never deleted."""

    add_form: type[WritingForm]
    change_form: type[WritingForm]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a row here: the audit names it."""
        return False

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form class of this request, which knows who fills it in."""
        parent: Any = super()
        kwargs["form"] = self.change_form if change else self.add_form
        form: Any = parent.get_form(request, obj, change=change, **kwargs)
        form.manager = request.user
        return form

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Return what the form has already written."""
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write nothing: a valid form has written."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Write nothing: a valid form has written."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Leave no entry in Django's own log: the audit has one."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Leave no entry in Django's own log: the audit has one."""

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Answer 404 where there is no such row."""
        raise Http404(f"{opts.verbose_name} not found.")

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show nothing: Django's own log is not written."""
        raise Http404
