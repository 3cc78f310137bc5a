"""Applications in the admin, for user managers; the library registers this class."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.oauth import applications
from accounts.oauth.models import Application
from accounts.oauth.scopes import SCOPES, scope_words
from accounts.writing import WritingForm, WrittenByForm
from records.admin.filters import ListedFiltersOnly

CODE, OWN = Application.GRANT_AUTHORIZATION_CODE, Application.GRANT_CLIENT_CREDENTIALS
CONFIDENTIAL, PUBLIC = Application.CLIENT_CONFIDENTIAL, Application.CLIENT_PUBLIC
KINDS = {
    "public": (
        gettext_lazy("App on a phone, a desktop or in a browser, which can keep no secret"),
        PUBLIC,
        CODE,
    ),
    "server": (gettext_lazy("App on a server, which keeps a secret"), CONFIDENTIAL, CODE),
    "system": (
        gettext_lazy("System with an account of its own, which keeps a secret"),
        CONFIDENTIAL,
        OWN,
    ),
}


class ApplicationForm(WritingForm):
    """Adds an application."""

    name = forms.CharField(
        max_length=255,
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("People read it when the app asks them."),
    )
    kind = forms.ChoiceField(
        choices=[(name, words) for name, (words, *_) in KINDS.items()],
        label=gettext_lazy("Kind"),
        widget=forms.RadioSelect,
    )
    redirect_uris = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=gettext_lazy("Redirect addresses"),
        help_text=gettext_lazy(
            "Of an app, one a line, compared to the letter: https, or http://127.0.0.1 with"
            " any port."
        ),
    )
    service_user = forms.ModelChoiceField(
        queryset=User.objects.filter(kind=User.Kind.SERVICE, is_active=True, is_superuser=False),
        required=False,
        label=gettext_lazy("Account of the system"),
        help_text=gettext_lazy(
            "Of a system only: a user of the kind “Service of another system”, with a role."
        ),
    )
    scopes = forms.MultipleChoiceField(
        choices=lambda: [(scope, scope_words(scope)) for scope in SCOPES],
        label=gettext_lazy("Scopes"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "The most that its tokens can be for; the role of the account narrows it."
        ),
    )
    secret: str | None = None

    def write(self) -> Application:
        """Add, and keep the secret for the page that shows it."""
        data = self.cleaned_data
        _, client_type, grant_type = KINDS[data["kind"]]
        application, secret = applications.register(
            by=self.manager,
            client_type=client_type,
            authorization_grant_type=grant_type,
            **{name: data[name] for name in ("name", "redirect_uris", "service_user", "scopes")},
        )
        self.secret = secret if client_type == CONFIDENTIAL else None
        return application


class ChangeApplicationForm(ApplicationForm):
    """Changes an application; its tokens end, unless only the name differs."""

    kind = None  # type: ignore[assignment]
    service_user = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the scopes that are chosen."""
        super().__init__(*args, **kwargs)
        self.initial["scopes"] = self.instance.scopes.split()

    def write(self) -> Application:
        """Change."""
        data = self.cleaned_data
        names = ("name", "redirect_uris", "scopes", "is_active")
        told = {name: data[name] for name in names}
        return applications.change(by=self.manager, application=self.instance, **told)


class ApplicationAdmin(ListedFiltersOnly, WrittenByForm, admin.ModelAdmin):
    """Applications: added, changed, given a new secret, switched off; never deleted."""

    add_form, change_form = ApplicationForm, ChangeApplicationForm
    list_display = ("name", "kind", "service_user", "is_active", "created")
    list_filter = ("is_active", "client_type")
    list_select_related = ("service_user",)
    search_fields = ("name__istartswith",)
    search_help_text = gettext_lazy("Start of the name")
    ordering = ("name", "id")
    show_full_result_count = False
    list_per_page = 50
    actions = None
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False
    add_fieldsets = (
        (None, {"fields": ("name", "kind", "redirect_uris", "service_user", "scopes")}),
    )
    fieldsets = (
        (None, {"fields": ("name", "kind", "redirect_uris", "scopes", "is_active")}),
        (gettext_lazy("Sign-in"), {"fields": ("client_id", "service_user", "created", "updated")}),
    )
    shown = ("kind", "client_id", "service_user", "created", "updated")

    @admin.display(description=gettext_lazy("Kind"))
    def kind(self, application: Application) -> Any:
        """Return in words what it is."""
        of = (application.client_type, application.authorization_grant_type)
        return next(words for words, *kind in KINDS.values() if tuple(kind) == of)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the sections; how an application signs in is chosen once."""
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what nobody sets here."""
        return self.shown if obj else ()

    def get_urls(self) -> list[Any]:
        """Add the page that gives a new secret."""
        view = self.admin_site.admin_view(self.new_secret_view)
        name = "accounts_application_new_secret"
        return [path("<int:pk>/new-secret/", view, name=name), *super().get_urls()]

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret, which is in no other answer; go on where there is none."""
        secret = obj.secret_to_show
        if secret is None:
            return super().response_add(request, obj, post_url_continue)
        return self._page(request, obj, {"title": _("Application added"), "secret": secret})

    def new_secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then replace the secret and show the new one."""
        by: Any = request.user
        if not by.has_perm("accounts.change_application"):
            raise PermissionDenied
        if request.method == "POST":
            try:
                application, secret = applications.renew_secret(by=by, pk=pk)
            except Application.DoesNotExist as error:
                raise Http404 from error
            return self._page(request, application, {"title": _("New secret"), "secret": secret})
        application = get_object_or_404(Application, pk=pk, client_type=CONFIDENTIAL)
        words = {
            "title": _("New secret"),
            "lead": _("The secret in use stops working at once, and so do all tokens."),
            "submit_label": _("Replace the secret"),
            "danger": True,
        }
        return self._page(request, application, words)

    def _page(
        self, request: HttpRequest, application: Application, words: dict[str, Any]
    ) -> HttpResponse:
        """Show the page that asks for a new secret, or the one that shows a secret."""
        facts = [(_("Name"), application.name), (_("Client id"), application.client_id)]
        template = "admin/confirmation.html"
        if "secret" in words:
            facts.append((_("Secret"), words["secret"]))
            template = "admin/accounts/application/secret.html"
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "object": application,
            "facts": facts,
            **words,
        }
        return render(request, template, context)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Return what the form has already written, with the secret that is shown once."""
        form.instance.secret_to_show = form.secret
        return form.instance
