"""What every page of a record has in common in the admin.

Reading starts from ``visible_to``; writing goes through the form's domain function; no list ever
counts, joins or sorts a big table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.forms.models import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from records.access import OutOfSight, visible_to
from records.admin.acts import ActForm, ActsMixin
from records.admin.exporting import ExportMixin
from records.admin.filters import ListedFiltersOnly
from records.admin.forms import RecordForm, add_domain_errors, describe, patients_chosen_in
from records.admin.paging import CappedPaginator, TwoStepList, together
from records.admin.past import PastMixin
from records.admin.searching import as_uuid
from records.domain.deletion import delete_record, references_to
from records.domain.errors import StaleVersion
from records.domain.reading import LIST, RECORD, named_by, note_read
from records.wording import Text

Fieldsets = tuple[tuple[Text | None, dict[str, Any]], ...]


class ReadAdmin(ListedFiltersOnly, ExportMixin, admin.ModelAdmin):
    """A list and pages that show; nothing can be added, changed or deleted here."""

    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering: ClassVar[Any] = ("-id",)
    sortable_by = ()
    # What is shown beside a row. Not joined where rows are sought and sorted: MariaDB would plan
    # some joins from the small table.
    list_select_related = ()
    list_prefetch: tuple[str, ...] = ()
    search_fields = ("public_id",)
    uuid_field = "public_id"
    view_on_site = False
    save_as = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what this person may see, with what the pages show beside it."""
        rows = visible_to(request.user, self.model)
        return rows.prefetch_related(*self.list_prefetch).order_by(*self.get_ordering(request))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: Any = None
    ) -> Model | None:
        """Return the visible record of a key or public_id, or None."""
        rows = together(self.get_queryset(request), self.list_prefetch)
        if public_id := as_uuid(object_id):
            return rows.filter(**{self.uuid_field: public_id}).first()
        try:
            key = self.opts.pk.to_python(object_id)
        except ValidationError:
            return None
        return rows.filter(pk=key).first()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that reads its page in two statements."""
        return TwoStepList

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Answer 404 for what is absent and for what is out of sight, alike."""
        raise Http404(f"{opts.verbose_name} not found.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by public_id, or as ``find`` says."""
        term = search_term.replace("\0", "").strip()
        if not term:
            return queryset, False
        if public_id := as_uuid(term):
            return queryset.filter(**{self.uuid_field: public_id}), False
        return self.find(request, queryset, term), False

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Return the rows that ``term`` finds, by an index; here: none."""
        return rows.none()

    def describe(self, record: Any) -> str:
        """Return how choosers show a record."""
        return describe(record)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; its title is its name, its count an honest one, its reading noted."""
        title = str(self.opts.verbose_name_plural).capitalize()
        context = {"title": self.list_title or title, **(extra_context or {})}
        response = super().changelist_view(request, context)
        if isinstance(response, TemplateResponse) and response.context_data:
            changes = response.context_data.get("cl")
            if changes is not None:
                shown = changes.paginator.shown_count
                response.context_data["selection_note_all"] = _("All %(shown)s selected") % {
                    "shown": shown
                }
                note_read(by=request.user, patients=named_by(changes.result_list), what=LIST)
        return response

    def render_change_form(  # type: ignore[override]
        self, request: HttpRequest, context: dict[str, Any], *, obj: Any = None, **kwargs: Any
    ) -> Any:
        """Note whom the page names before it shows them."""
        shown = named_by([] if obj is None else [obj])
        shown += patients_chosen_in(context["adminform"].form)
        note_read(by=request.user, patients=shown, what=RECORD)
        return super().render_change_form(request, context, obj=obj, **kwargs)

    list_title: ClassVar[str] = ""

    def get_actions(self, request: HttpRequest) -> Any:
        """Leave out Django's bulk deletion, which would leave no history."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes here."""
        return False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show nothing: Django's own log is not written."""
        raise Http404

    # History and audit are the record of who did what: Django's log would be a second one,
    # with names in it.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave no entry in Django's own log."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave no entry in Django's own log."""


class DeleteForm(ActForm):
    """Asks why a record is deleted for good."""


class RecordAdmin(ActsMixin, PastMixin, ReadAdmin):
    """Pages of a record: list, form, acts, history, as-of, deletion.

    ``add_form`` and ``change_form`` name the forms; without one nobody adds or changes.
    """

    add_form: type[RecordForm] | None = None
    change_form: type[RecordForm] | None = None
    add_fieldsets: Fieldsets = ()
    change_fieldsets: Fieldsets = ()
    fixed_fields: tuple[str, ...] = ()
    record_fields: tuple[str, ...] = ("public_id", "version")
    change_form_template = "admin/records/change_form.html"

    # ------------------------------------------------------------------ who may

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether there is a form and the permission."""
        return self.add_form is not None and admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether there is a form, the permission, and the record can be changed."""
        allowed = admin.ModelAdmin.has_change_permission(self, request, obj)
        return self.change_form is not None and allowed and (obj is None or self.is_open(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the role may delete such records for good."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def is_open(self, record: Any) -> bool:
        """Tell whether the record is in a state that can be changed."""
        return True

    # ------------------------------------------------------------------ forms

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the sections; a page that only shows has none of the form's own fields."""
        if obj is None:
            return self.add_fieldsets
        record = (_("Record"), {"fields": self.record_fields, "classes": ("collapse",)})
        if self.has_change_permission(request, obj):
            return (*self.change_fieldsets, record)
        return (*self._shown_fieldsets(), record)

    def _shown_fieldsets(self) -> Fieldsets:
        columns = {field.name for field in self.opts.get_fields()}
        names = [
            (title, [n for n in options["fields"] if n in columns or hasattr(self, n)])
            for title, options in self.change_fieldsets
        ]
        return tuple((title, {"fields": fields}) for title, fields in names if fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what a form shows and does not change."""
        return () if obj is None else (*self.fixed_fields, *self.record_fields)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form class of this request, which knows who fills it in."""
        kwargs["form"] = (self.change_form if change else self.add_form) or RecordForm
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.user = request.user
        return form

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """Offer only what this person may see, told apart as choosers do."""
        kwargs.setdefault("queryset", visible_to(request.user, db_field.remote_field.model))
        kwargs.setdefault("form_class", RecordChoice)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leave out the buttons that open other forms in windows."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form, without a transaction around it.

        The domain function opens its own, and repeats it when it was a deadlock's victim.
        """
        if request.method == "POST" and IS_POPUP_VAR in request.POST:
            raise PermissionDenied
        try:
            view = cast(Any, self)._changeform_view
            response = view(request, object_id, form_url, extra_context)
        except OutOfSight as error:
            raise Http404 from error
        if isinstance(response, TemplateResponse) and response.context_data:
            form = response.context_data["adminform"].form
            if form.conflicts or form.has_error(None, "stale"):
                response.status_code = 409
        return cast(HttpResponse, response)

    def render_change_form(  # type: ignore[override]
        self, request: HttpRequest, context: dict[str, Any], *, obj: Any = None, **kwargs: Any
    ) -> Any:
        """Add the steps that can be taken and what belongs to the record."""
        context["show_save_and_add_another"] = obj is None
        if obj is not None:
            context["acts"] = self.acts_for(request, obj)
            context["has_history"] = self.has_history_permission(request)
            context["badges"] = self.badges(obj)
            context["related_lists"] = self.related_lists(request, obj)
        return super().render_change_form(request, context, obj=obj, **kwargs)

    def badges(self, record: Any) -> list[tuple[str, Text]]:
        """Return the states of a record as (badge class, word)."""
        return []

    def related_lists(self, request: HttpRequest, record: Any) -> list[tuple[Text, str]]:
        """Return links (label, address) to the lists of what belongs to a record."""
        return []

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Return what the form has already written."""
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write nothing: a valid form has written."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Write nothing: a valid form has written."""

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Return nothing: the history knows what changed."""
        return []

    # ------------------------------------------------------------------ deletion

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for a reason and delete for good, or say what still refers to the record."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        record: Any = self.get_object(request, unquote(object_id))
        if record is None:
            raise Http404
        posted = request.POST if request.method == "POST" else None
        form = DeleteForm(posted, record=record, user=request.user)
        if posted is not None and form.is_valid() and self._delete(request, record, form):
            return self.response_delete(request, str(record), record.pk)
        note_read(by=request.user, patients=named_by([record]), what=RECORD)
        references = references_to(record)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Delete for good: %(record)s") % {"record": record},
            "opts": self.opts,
            "object": record,
            "lead": _("Only for what was typed by mistake: the row goes, its history stays."),
            "warnings": [
                _("Still refers to it: %(name)s.") % {"name": name} for name in references
            ],
            "form": form,
            "submit_label": _("Delete for good"),
            "danger": True,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/confirmation.html", context)

    def _delete(self, request: HttpRequest, record: Any, form: DeleteForm) -> bool:
        data = form.cleaned_data
        try:
            delete_record(
                by=request.user,
                record=record,
                version=data["seen_version"],
                reason=data["reason"],
            )
        except ValidationError as error:
            add_domain_errors(form, error)
        except StaleVersion as error:
            form.add_error(None, str(error))
        else:
            return True
        return False

    def get_urls(self) -> list[URLPattern]:
        """Put the record's own pages before Django's, whose last address takes everything."""
        return [*self.past_urls(), *self.act_urls(), *super().get_urls()]

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Say so when nothing differed and therefore nothing was written."""
        if str(obj.version) == request.POST.get("seen_version"):
            messages.info(request, _("Nothing differed, so nothing was written."))
            return self.response_post_save_change(request, obj)
        return super().response_change(request, obj)


class RecordChoice(ModelChoiceField):
    """A chooser that tells similar records apart."""

    def label_from_instance(self, obj: Model) -> str:
        """Return the record's name with what tells it apart."""
        return describe(obj)


def badge(kind: str, text: Text) -> str:
    """Return a status badge of the design language."""
    return format_html('<span class="badge badge--{}">{}</span>', kind, text)


def badge_row(items: Iterable[tuple[str, Text]]) -> str:
    """Return several badges (class, word) side by side."""
    return format_html_join(" ", '<span class="badge badge--{}">{}</span>', items)
